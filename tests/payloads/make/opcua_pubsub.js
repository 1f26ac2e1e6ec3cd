// Golden messages of OPC UA PubSub as JSON. The DataSet fields are encoded by npm's node-opcua-json; the messages
// around them follow OPC 10000-14, 7.2.5.
// node tests/payloads/make/opcua_pubsub.js NODE_HOME, where `npm install node-opcua-json@2.186.4` has run.
const fs = require("fs");
const path = require("path");
const MADE_BY = "node-opcua-json 2.186.4";
const home = path.join(process.argv[2], "node_modules");
const { JsonEncodingScheme, opcuaJsonEncodeDataValueMQTT } = require(path.join(home, "node-opcua-json"));
const { DataValue } = require(path.join(home, "node-opcua-data-value"));
const { Variant, DataType, VariantArrayType } = require(path.join(home, "node-opcua-variant"));
const { StatusCodes } = require(path.join(home, "node-opcua-status-code"));

const STATUS = 1, SOURCE_TIMESTAMP = 2;
const T = new Date("2025-11-24T16:00:00.123Z");
const SENT = "2025-11-24T16:00:01.5Z";
const scalar = { arrayType: VariantArrayType.Scalar };
const field = (dataType, value, statusCode = StatusCodes.Good, more = {}) =>
  new DataValue({ value: new Variant({ dataType, value, ...more }), statusCode, sourceTimestamp: T });

// name: [field, value as it is meant, quality]
const FIELDS = {
  Temperature: [field(DataType.Double, -12.5), -12.5, "good"],
  Counter: [field(DataType.UInt32, 4294967295), 4294967295, "good"],
  "Int64 is text": [field(DataType.Int64, [0xffffffff, 0xfffffff4], StatusCodes.Good, scalar), -12, "good"],
  Running: [field(DataType.Boolean, false), false, "good"],
  State: [field(DataType.String, "idle"), "idle", "good"],
  Held: [field(DataType.Double, 21.5, StatusCodes.UncertainLastUsableValue), 21.5, "0x40900000"],
  Broken: [field(DataType.Double, 0, StatusCodes.BadSensorFailure), 0, "0x808C0000"],
  Gone: [new DataValue({ statusCode: StatusCodes.BadNoCommunication, sourceTimestamp: T }), null, "0x80310000"],
};

function message(id, scheme, mask, names, more = {}) {
  const encoded = names.map((name) => [name, opcuaJsonEncodeDataValueMQTT(FIELDS[name][0], scheme, mask, [])]);
  return {
    MessageId: "32235546-05d9-4fd7-97df-ea3ff3408574",
    MessageType: "ua-data",
    PublisherId: "Line4",
    Messages: [
      {
        DataSetWriterId: id, SequenceNumber: 7, MetaDataVersion: { MajorVersion: 1, MinorVersion: 0 },
        Timestamp: SENT, ...more, Payload: Object.fromEntries(encoded),
      },
    ],
  };
}

function line(name, body, names, id, { own = true, quality = true } = {}) {
  const ts = (own ? T : new Date(SENT)).toISOString().replace("Z", "000+00:00");
  const readings = names.map((n) => ({
    tag: `Line4/${id}/${n}`, ts, value: FIELDS[n][1], quality: quality ? FIELDS[n][2] : "good",
  }));
  return { name, made_by: MADE_BY, json: body, readings, refused: [] };
}

const all = Object.keys(FIELDS);
const plain = ["Temperature", "Counter", "Int64 is text", "Running", "State"];
const { Verbose, DeprecatedNonReversible: Plain, DeprecatedReversible: Typed } = JsonEncodingScheme;
const BOTH = STATUS | SOURCE_TIMESTAMP;
const two = message(101, Verbose, BOTH, plain.slice(0, 2));
two.Messages.push(message(102, Verbose, BOTH, plain.slice(2)).Messages[0]);
const lines = [
  line("values with status and time, verbose", message(101, Verbose, BOTH, all), all, 101),
  line("values with status and time, 1.04", message(101, Plain, BOTH, all), all, 101),
  line("typed values, 1.04", message(101, Typed, BOTH, all), all, 101),
  line("bare values, 1.04", message(101, Plain, 0, plain), plain, 101, { own: false, quality: false }),
  {
    ...line("two data sets", two, plain.slice(0, 2), 101),
    readings: [...line("", {}, plain.slice(0, 2), 101).readings, ...line("", {}, plain.slice(2), 102).readings],
  },
  { name: "keep alive", made_by: MADE_BY, json: message(101, Verbose, BOTH, []), readings: [],
    refused: [{ index: 0, code: "no_readings" }] },
];
const folder = path.join(__dirname, "..", "opcua_pubsub");
fs.mkdirSync(folder, { recursive: true });
const write = (file, each) => fs.writeFileSync(path.join(folder, file), lines.map((l) => each(l) + "\n").join(""));
write("messages.jsonl", ({ json }) => JSON.stringify(json));
write("readings.jsonl", ({ json, ...meaning }) => JSON.stringify(meaning));
