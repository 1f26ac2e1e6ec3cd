// Encodes and decodes Sparkplug B payloads with the npm package sparkplug-payload, for sparkplug_b.py:
// reads a JSON array of {encode: payload} or {decode: base64} and writes the results as an array.
// A payload's whole numbers over 2^53 are texts that end with n; bytes are {base64: ...}.
const path = require("path");
const home = path.join(process.argv[2], "node_modules");
const { encodePayload, decodePayload } = require(path.join(home, "sparkplug-payload")).get("spBv1.0");
const Long = require(path.join(home, "long"));

const revive = (key, value) => {
  if (typeof value === "string" && /^-?[0-9]+n$/.test(value)) {
    return Long.fromString(value.slice(0, -1), !value.startsWith("-"));
  }
  return value && value.base64 ? Buffer.from(value.base64, "base64") : value;
};
const plain = (value) => {
  if (Long.isLong(value)) {
    return Number.isSafeInteger(value.toNumber()) ? value.toNumber() : value.toString() + "n";
  }
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
  }
  return value;
};
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"), revive);
const results = asked.map((each) =>
  each.encode
    ? Buffer.from(encodePayload(each.encode)).toString("base64")
    : plain(decodePayload(Buffer.from(each.decode, "base64")))
);
process.stdout.write(JSON.stringify(results));
