// Reads arrays of Zarr stores with zarrita. Each line of the input is a store's folder, a tab, and the path of an array in it. Each line of
// the output says of one array its shape and the SHA-256 of its values: little-endian numbers in C order, or strings that each
// end with a NUL; or why it was not read.
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { FileSystemStore } from "@zarrita/storage";
import * as zarr from "zarrita";

process.on("unhandledRejection", () => {}); // a codec that zarrita does not know is also reported where it is not awaited

const lines = [];
for await (const line of createInterface({ input: process.stdin })) {
  if (line) lines.push(line);
}

for (const line of lines) {
  const [store, path] = line.split("\t");
  try {
    const array = await zarr.open(zarr.root(new FileSystemStore(store)).resolve(path), { kind: "array" });
    console.log(JSON.stringify({ store, path, shape: array.shape, sha256: hash(await read(array), array.shape) }));
  } catch (error) {
    console.log(JSON.stringify({ store, path, error: `${error.name}: ${error.message}` }));
  }
}

// Of an array without axes, `get` gives a bare value, which has lost its type.
function read(array) {
  return array.shape.length === 0 ? array.getChunk([]) : zarr.get(array);
}

function hash({ data, stride }, shape) {
  const sum = createHash("sha256");
  const places = inOrder(shape, stride);
  if (ArrayBuffer.isView(data)) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength), size = data.BYTES_PER_ELEMENT;
    for (const place of places) sum.update(bytes.subarray(place * size, (place + 1) * size));
    return sum.digest("hex");
  }
  for (const place of places) {
    const value = data.get ? data.get(place) : data[place];
    if (typeof value === "boolean") sum.update(Uint8Array.of(value ? 1 : 0));
    else if (typeof value === "string") sum.update(value).update("\0");
    else throw new Error(`values of ${data.constructor.name}`);
  }
  return sum.digest("hex");
}

// Places of the values in C order, whatever order they are in.
function inOrder(shape, stride) {
  let places = [0];
  shape.forEach((length, axis) => {
    places = places.flatMap((start) => Array.from({ length }, (_, at) => start + at * stride[axis]));
  });
  return places;
}
