// Reads parts as any Arrow user would: with the Arrow library of JavaScript and nothing else. For each file, named by an
// argument or else by a line of stdin, it prints one line of JSON: what the schema declares and what the columns hold.
//
//   numbers      SHA-256 of the little-endian values in C order; bools as one byte each, 0 or 1
//   bytes        SHA-256 of all of them
//   strings      SHA-256 of each string's UTF-8 bytes followed by one zero byte
//   dictionary   SHA-256 of the codes as int32, -1 where a value is missing; the categories as a column
//   lists        SHA-256 of the offsets and the indices as int64, and of the values
//
// Where a column has missing values: "mask" has one byte a row, 1 = missing; "zeroed" has zero or "" in their place.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { DataType, tableFromIPC } from "apache-arrow";

const sha256 = bytes => createHash("sha256").update(bytes).digest("hex");
const bytesOf = array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const hash = array => sha256(bytesOf(array));
const rowsOf = (vector, valueOf) => Array.from({ length: vector.length }, (_, row) => valueOf(row));

/** @returns {string} numpy's name of a number type, which Arrow's name is in lower case. */
const typeName = type => String(type).toLowerCase();

function describe(vector, type) {
    if (DataType.isDictionary(type)) { return describeDictionary(vector, type); }
    if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) { return describeStrings(vector); }
    if (DataType.isLargeBinary(type)) { return describeBytes(vector); }
    if (DataType.isList(type) || DataType.isLargeList(type)) { return describeLists(vector); }
    return describeNumbers(vector, type);
}

function missing(vector) {
    const mask = Uint8Array.from(rowsOf(vector, row => vector.isValid(row) ? 0 : 1));
    return { nulls: vector.nullCount, mask: hash(mask) };
}

/** All numbers in one array. A row of a fixed_size_list is as many as the list is long; a missing bool reads as 0. */
function flatten(vector, type) {
    let width = 1;
    for (; DataType.isFixedSizeList(type); type = type.children[0].type) {
        width *= type.listSize;
        vector = vector.getChildAt(0);
    }
    const values = DataType.isBool(type) ? Uint8Array.from(rowsOf(vector, row => vector.get(row) ? 1 : 0)) : vector.toArray();
    return { values, width, type: typeName(type) };
}

function describeNumbers(vector, type) {
    const flat = flatten(vector, type);
    const zeroed = bytesOf(flat.values).slice();
    const rowSize = flat.width * flat.values.BYTES_PER_ELEMENT;
    for (let row = 0; row < vector.length; row++) {
        if (!vector.isValid(row)) { zeroed.fill(0, row * rowSize, (row + 1) * rowSize); }
    }
    return {
        kind: "numbers", type: flat.type, width: flat.width, n: flat.values.length,
        sha256: hash(flat.values), zeroed: sha256(zeroed), ...missing(vector),
    };
}

function hashStrings(texts) {
    const whole = createHash("sha256");
    for (const text of texts) { whole.update(text ?? "", "utf8").update("\0"); }
    return whole.digest("hex");
}

/** Strings as the library decodes them, so that a character it would refuse or replace changes the hash. */
function describeStrings(vector) {
    const texts = rowsOf(vector, row => vector.get(row));
    return {
        kind: "strings", n: vector.length, zeroed: hashStrings(texts), ...missing(vector),
        bytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ""), 0), first: texts.slice(0, 3),
    };
}

function describeBytes(vector) {
    return { kind: "bytes", n: vector.length, sha256: sha256(Buffer.concat(rowsOf(vector, row => vector.get(row)))), ...missing(vector) };
}

function describeDictionary(vector, type) {
    const [chunk] = vector.data;
    const codes = Int32Array.from(rowsOf(vector, row => vector.isValid(row) ? Number(chunk.values[row]) : -1));
    const described = {
        kind: "dictionary", type: typeName(type.indices), ordered: type.isOrdered, n: vector.length, codes: hash(codes),
        categories: describe(chunk.dictionary, type.dictionary), ...missing(vector),
    };
    // The library's own way from a row to its value, which need not be by the codes above.
    if (described.categories.kind === "strings") { described.zeroed = hashStrings(rowsOf(vector, row => vector.get(row))); }
    return described;
}

function describeLists(vector) {
    const entries = vector.getChildAt(0);
    const indices = entries.getChildAt(0).toArray();
    const values = flatten(entries.getChildAt(1), entries.type.children[1].type);
    return {
        kind: "lists", type: values.type, width: values.width, n: vector.length, entries: entries.length,
        index_type: typeName(entries.type.children[0].type), names: entries.type.children.map(child => child.name),
        offsets: hash(BigInt64Array.from(vector.data[0].valueOffsets, BigInt)),
        indices: hash(BigInt64Array.from(indices, BigInt)), values: hash(values.values),
    };
}

function read(file) {
    const table = tableFromIPC(readFileSync(file));
    return {
        file, rows: table.numRows, batches: table.batches.length, metadata: Object.fromEntries(table.schema.metadata),
        columns: table.schema.fields.map((field, i) => ({
            name: field.name, arrow: String(field.type), nullable: field.nullable, metadata: Object.fromEntries(field.metadata),
            ...describe(table.getChildAt(i), field.type),
        })),
    };
}

const named = process.argv.slice(2);
for (const file of named.length > 0 ? named : readFileSync(0, "utf8").split("\n").filter(line => line)) {
    let described;
    try {
        described = read(file);
    } catch (error) {
        described = { file, error: error.stack };
    }
    process.stdout.write(JSON.stringify(described) + "\n");
}
