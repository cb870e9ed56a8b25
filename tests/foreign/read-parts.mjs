// Reads parts with Arrow's own JavaScript library and prints what is in them: a line of JSON for each file named.
// Hashes are SHA-256: numbers as little-endian bytes, strings as UTF-8 with one zero byte after each; of what is missing
// zeros and empty strings are hashed, and of codes -1.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { DataType, tableFromIPC } from "apache-arrow";

const bytesOf = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
const hash = (...pieces) => pieces.reduce((sum, piece) => sum.update(piece), createHash("sha256")).digest("hex");
const valuesOf = (data) => data.values.subarray(data.offset, data.offset + data.length);

function strings(vector) {
  const sum = createHash("sha256");
  for (let i = 0; i < vector.length; i++) sum.update((vector.get(i) ?? "") + "\0", "utf8");
  return sum.digest("hex");
}

function numbers(vector) {
  const data = vector.data[0];
  const values = valuesOf(data).slice();
  const zero = typeof values[0] === "bigint" ? 0n : 0;
  for (let i = 0; data.nullCount > 0 && i < data.length; i++) if (!vector.isValid(i)) values[i] = zero;
  return hash(bytesOf(values));
}

function codes(vector) {
  const codes = Int32Array.from(valuesOf(vector.data[0]));
  for (let i = 0; i < vector.length; i++) if (!vector.isValid(i)) codes[i] = -1;
  return hash(bytesOf(codes));
}

function list(data) {
  const [index, value] = data.children[0].children;
  const wide = (array) => hash(bytesOf(BigInt64Array.from(array, BigInt)));
  return {
    data: hash(bytesOf(valuesOf(value))), indices: wide(valuesOf(index)), indptr: wide(data.valueOffsets), nnz: index.length,
  };
}

function describe(vector) {
  const type = vector.type;
  const what = { type: `${type}`, rows: vector.length, nulls: vector.nullCount };
  if (vector.length === 0 || vector.data.length === 0) return what;
  if (DataType.isDictionary(type)) {
    const values = vector.data[0].dictionary;
    const plain = DataType.isUtf8(values.type) || DataType.isLargeUtf8(values.type);
    return { ...what, codes: codes(vector), categories: plain ? strings(values) : numbers(values), strings: plain ? strings(vector) : undefined };
  }
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return { ...what, strings: strings(vector) };
  if (DataType.isBool(type)) return { ...what, numbers: hash(Uint8Array.from({ length: vector.length }, (_, i) => (vector.get(i) ? 1 : 0))) };
  if (DataType.isFixedSizeList(type)) return { ...what, numbers: hash(bytesOf(valuesOf(vector.data[0].children[0]))) };
  if (DataType.isList(type) || DataType.isLargeList(type)) return { ...what, sparse: list(vector.data[0]) };
  if (!vector.data[0].values) throw new Error(`${type} of ${vector.length} rows has no values`);
  return { ...what, numbers: numbers(vector) };
}

for (const path of readFileSync(0, "utf8").split("\n").filter((line) => line.length > 0)) {
  const table = tableFromIPC(readFileSync(path));
  const columns = Object.fromEntries(table.schema.fields.map((field, i) => [field.name, describe(table.getChildAt(i))]));
  console.log(JSON.stringify({ path, columns }));
}
