// Read series.json and write answers.json: the results of node-opcua's historian for each series and aggregate.
// They come from a real address space, a real historizing variable and a real HistoryRead, as in an application.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { AddressSpace, ContinuationPointManager, SessionContext } = require("node-opcua-address-space");
const { generateAddressSpace } = require("node-opcua-address-space/nodeJS");
const { AggregateFunction, addAggregateSupport, installAggregateConfigurationOptions } = require("node-opcua-aggregates");
const { nodesets } = require("node-opcua-nodesets");
const { ReadProcessedDetails } = require("node-opcua-service-history");
const { DataValue } = require("node-opcua-data-value");
const { coerceStatusCode } = require("node-opcua-status-code");

const AGGREGATES = [
    "Interpolative", "Average", "Minimum", "Maximum", "Count",
    "DurationGood", "DurationBad", "PercentGood", "PercentBad"
];

async function main() {
    const questions = JSON.parse(fs.readFileSync(path.join(__dirname, "series.json"), "utf8"));
    const addressSpace = AddressSpace.create();
    await generateAddressSpace(addressSpace, [nodesets.standard]);
    addressSpace.registerNamespace("urn:headrace:differential");
    addAggregateSupport(addressSpace);
    const lines = [];
    for (const question of questions) {
        const variable = historized(addressSpace, question);
        const of = [];
        for (const name of AGGREGATES) {
            of.push(`"${name}": ${JSON.stringify(await answered(variable, question, name))}`);
        }
        lines.push(`"${question.name}": {\n  ${of.join(",\n  ")}\n}`);
    }
    addressSpace.dispose();
    fs.writeFileSync(path.join(__dirname, "answers.json"), `{\n${lines.join(",\n")}\n}\n`);
}

function historized(addressSpace, question) {
    const variable = addressSpace.getOwnNamespace().addVariable({ browseName: question.name, dataType: "Double" });
    addressSpace.installHistoricalDataNode(variable, { maxOnlineValues: 10000 });
    const { treat_uncertain_as_bad, percent_data_bad, percent_data_good, use_sloped_extrapolation } = question.configuration;
    installAggregateConfigurationOptions(variable, {
        stepped: question.stepped,
        treatUncertainAsBad: treat_uncertain_as_bad,
        percentDataBad: percent_data_bad,
        percentDataGood: percent_data_good,
        useSlopedExtrapolation: use_sloped_extrapolation
    });
    for (const [ms, value, status] of question.rows) {
        variable._historyPush(
            new DataValue({
                sourceTimestamp: new Date(ms),
                statusCode: coerceStatusCode(status),
                value: value === null ? undefined : { dataType: "Double", value }
            })
        );
    }
    return variable;
}

// Resolve to a list of [value, status], or to the text of the error.
function answered(variable, question, name) {
    const context = new SessionContext({
        session: { continuationPointManager: new ContinuationPointManager(), getSessionId: () => null }
    });
    const details = new ReadProcessedDetails({
        startTime: new Date(question.start),
        endTime: new Date(question.end),
        processingInterval: question.every,
        aggregateType: [AggregateFunction[name]].map((id) => `ns=0;i=${id}`)
    });
    return new Promise((resolve) => {
        const done = (error, result) => {
            if (error) return resolve(error.message);
            if (!result.historyData) return resolve(result.statusCode.name);
            return resolve(
                result.historyData.dataValues.map((each) => [
                    typeof each.value?.value === "number" ? Number(each.value.value.toPrecision(12)) : null,
                    each.statusCode.value >>> 0
                ])
            );
        };
        try {
            variable.historyRead(context, details, null, null, { continuationPoint: null }, done);
        } catch (error) {
            resolve(error.message);
        }
    });
}

main();
