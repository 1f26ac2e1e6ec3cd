"""The StatusCodes of OPC UA by name (OPC 10000-6, OPC UA Part 6, Annex A.2)."""

from __future__ import annotations

from collections.abc import Mapping

SEVERITY: Mapping[str, int] = {"good": 0, "uncertain": 0x40000000, "bad": 0x80000000}
"""The StatusCode of each severity without further detail."""

# Name and bits 16 to 29 of each code, by its severity, which begins its name.
_GOOD = """
    SubscriptionTransferred:2d CompletesAsynchronously:2e Overload:2f Clamped:30 LocalOverride:96 EntryInserted:a2
    EntryReplaced:a3 NoData:a5 MoreData:a6 CommunicationEvent:a7 ShutdownEvent:a8 CallAgain:a9 NonCriticalTimeout:aa
    ResultsMayBeIncomplete:ba DataIgnored:d9 Edited:dc PostActionFailed:dd RetransmissionQueueNotSupported:df
    DependentValueChanged:e0 SubNormal:eb PasswordChangeRequired:ef Edited_DependentValueChanged:116
    Edited_DominantValueChanged:117 Edited_DominantValueChanged_DependentValueChanged:118
    CascadeInitializationAcknowledged:401 CascadeInitializationRequest:402 CascadeNotInvited:403
    CascadeNotSelected:404 FaultStateActive:407 InitiateFaultState:408 Cascade:409
"""
_UNCERTAIN = """
    ReferenceOutOfServer:6c NoCommunicationLastUsableValue:8f LastUsableValue:90 SubstituteValue:91 InitialValue:92
    SensorNotAccurate:93 EngineeringUnitsExceeded:94 SubNormal:95 DataSubNormal:a4 ReferenceNotDeleted:bc
    NotAllNodesAvailable:c0 DominantValueChanged:de DependentValueChanged:e2 OverRange:f2 UnderRange:f3
    TransducerInManual:208 SimulatedValue:209 SensorCalibration:20a ConfigurationError:20f
"""
_BAD = """
    UnexpectedError:1 InternalError:2 OutOfMemory:3 ResourceUnavailable:4 CommunicationError:5 EncodingError:6
    DecodingError:7 EncodingLimitsExceeded:8 UnknownResponse:9 Timeout:a ServiceUnsupported:b Shutdown:c
    ServerNotConnected:d ServerHalted:e NothingToDo:f TooManyOperations:10 DataTypeIdUnknown:11
    CertificateInvalid:12 SecurityChecksFailed:13 CertificateTimeInvalid:14 CertificateIssuerTimeInvalid:15
    CertificateHostNameInvalid:16 CertificateUriInvalid:17 CertificateUseNotAllowed:18
    CertificateIssuerUseNotAllowed:19 CertificateUntrusted:1a CertificateRevocationUnknown:1b
    CertificateIssuerRevocationUnknown:1c CertificateRevoked:1d CertificateIssuerRevoked:1e UserAccessDenied:1f
    IdentityTokenInvalid:20 IdentityTokenRejected:21 SecureChannelIdInvalid:22 InvalidTimestamp:23 NonceInvalid:24
    SessionIdInvalid:25 SessionClosed:26 SessionNotActivated:27 SubscriptionIdInvalid:28 RequestHeaderInvalid:2a
    TimestampsToReturnInvalid:2b RequestCancelledByClient:2c NoCommunication:31 WaitingForInitialData:32
    NodeIdInvalid:33 NodeIdUnknown:34 AttributeIdInvalid:35 IndexRangeInvalid:36 IndexRangeNoData:37
    DataEncodingInvalid:38 DataEncodingUnsupported:39 NotReadable:3a NotWritable:3b OutOfRange:3c NotSupported:3d
    NotFound:3e ObjectDeleted:3f NotImplemented:40 MonitoringModeInvalid:41 MonitoredItemIdInvalid:42
    MonitoredItemFilterInvalid:43 MonitoredItemFilterUnsupported:44 FilterNotAllowed:45 StructureMissing:46
    EventFilterInvalid:47 ContentFilterInvalid:48 FilterOperandInvalid:49 ContinuationPointInvalid:4a
    NoContinuationPoints:4b ReferenceTypeIdInvalid:4c BrowseDirectionInvalid:4d NodeNotInView:4e ServerUriInvalid:4f
    ServerNameMissing:50 DiscoveryUrlMissing:51 SemaphoreFileMissing:52 RequestTypeInvalid:53
    SecurityModeRejected:54 SecurityPolicyRejected:55 TooManySessions:56 UserSignatureInvalid:57
    ApplicationSignatureInvalid:58 NoValidCertificates:59 RequestCancelledByRequest:5a ParentNodeIdInvalid:5b
    ReferenceNotAllowed:5c NodeIdRejected:5d NodeIdExists:5e NodeClassInvalid:5f BrowseNameInvalid:60
    BrowseNameDuplicated:61 NodeAttributesInvalid:62 TypeDefinitionInvalid:63 SourceNodeIdInvalid:64
    TargetNodeIdInvalid:65 DuplicateReferenceNotAllowed:66 InvalidSelfReference:67 ReferenceLocalOnly:68
    NoDeleteRights:69 ServerIndexInvalid:6a ViewIdUnknown:6b TooManyMatches:6d QueryTooComplex:6e NoMatch:6f
    MaxAgeInvalid:70 HistoryOperationInvalid:71 HistoryOperationUnsupported:72 WriteNotSupported:73 TypeMismatch:74
    MethodInvalid:75 ArgumentsMissing:76 TooManySubscriptions:77 TooManyPublishRequests:78 NoSubscription:79
    SequenceNumberUnknown:7a MessageNotAvailable:7b InsufficientClientProfile:7c TcpServerTooBusy:7d
    TcpMessageTypeInvalid:7e TcpSecureChannelUnknown:7f TcpMessageTooLarge:80 TcpNotEnoughResources:81
    TcpInternalError:82 TcpEndpointUrlInvalid:83 RequestInterrupted:84 RequestTimeout:85 SecureChannelClosed:86
    SecureChannelTokenUnknown:87 SequenceNumberInvalid:88 ConfigurationError:89 NotConnected:8a DeviceFailure:8b
    SensorFailure:8c OutOfService:8d DeadbandFilterInvalid:8e RefreshInProgress:97 ConditionAlreadyDisabled:98
    ConditionDisabled:99 EventIdUnknown:9a NoData:9b DataLost:9d DataUnavailable:9e EntryExists:9f NoEntryExists:a0
    TimestampNotSupported:a1 InvalidArgument:ab ConnectionRejected:ac Disconnect:ad ConnectionClosed:ae
    InvalidState:af EndOfStream:b0 NoDataAvailable:b1 WaitingForResponse:b2 OperationAbandoned:b3
    ExpectedStreamToBlock:b4 WouldBlock:b5 SyntaxError:b6 MaxConnectionsReached:b7 RequestTooLarge:b8
    ResponseTooLarge:b9 EventNotAcknowledgeable:bb InvalidTimestampArgument:bd ProtocolVersionUnsupported:be
    StateNotActive:bf FilterOperatorInvalid:c1 FilterOperatorUnsupported:c2 FilterOperandCountMismatch:c3
    FilterElementInvalid:c4 FilterLiteralInvalid:c5 IdentityChangeNotSupported:c6 NotTypeDefinition:c8
    ViewTimestampInvalid:c9 ViewParameterMismatch:ca ViewVersionInvalid:cb ConditionAlreadyEnabled:cc
    DialogNotActive:cd DialogResponseInvalid:ce ConditionBranchAlreadyAcked:cf ConditionBranchAlreadyConfirmed:d0
    ConditionAlreadyShelved:d1 ConditionNotShelved:d2 ShelvingTimeOutOfRange:d3 AggregateListMismatch:d4
    AggregateNotSupported:d5 AggregateInvalidInputs:d6 BoundNotFound:d7 BoundNotSupported:d8
    AggregateConfigurationRejected:da TooManyMonitoredItems:db DominantValueChanged:e1 DependentValueChanged:e3
    RequestNotAllowed:e4 TooManyArguments:e5 SecurityModeInsufficient:e6 DataSetIdInvalid:e7 TransactionPending:e8
    Locked:e9 IndexRangeDataMismatch:ea RequiresLock:ec LocaleNotSupported:ed ServerTooBusy:ee NoValue:f0
    TransactionFailed:f1 CertificateChainIncomplete:10d LicenseExpired:10e LicenseLimitsExceeded:10f
    LicenseNotAvailable:110 NotExecutable:111 NumericOverflow:112 RequestNotComplete:113
    CertificatePolicyCheckFailed:114 AlreadyExists:115 Edited_OutOfRange:119 InitialValue_OutOfRange:11a
    OutOfRange_DominantValueChanged:11b Edited_OutOfRange_DominantValueChanged:11c
    OutOfRange_DominantValueChanged_DependentValueChanged:11d
    Edited_OutOfRange_DominantValueChanged_DependentValueChanged:11e TicketRequired:11f TicketInvalid:120
"""


def _codes(severity: str, listed: str) -> dict[str, int]:
    """Return the codes of one severity by name; `listed` has the names without it, each with its bits in hex."""
    pairs = (item.split(":") for item in listed.split())
    codes = {severity + name: SEVERITY[severity.lower()] | int(bits, 16) << 16 for name, bits in pairs}
    return {severity: SEVERITY[severity.lower()], **codes}


STATUS_CODES: Mapping[str, int] = {
    **_codes("Good", _GOOD),
    **_codes("Uncertain", _UNCERTAIN),
    **_codes("Bad", _BAD),
}
"""The StatusCode of each name, like BadNoCommunication."""
