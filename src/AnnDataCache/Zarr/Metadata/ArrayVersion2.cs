using System.Text.Json;
using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>An array's metadata of version 2: <c>.zarray</c>.</summary>
internal static class ArrayVersion2
{
    internal static ArrayMetadata Parse(JsonElement array)
    {
        if (array.Get("zarr_format").Integer("zarr_format") != 2) { throw ZarrJson.Wrong(array.Get("zarr_format"), "zarr_format", "2"); }
        long[] shape = array.Get("shape").Integers("shape");
        long[] chunk = ArrayMetadata.ChunkShape(array, shape, "chunks");
        JsonElement dtype = array.Get("dtype");
        ZarrType type = ZarrTypes.ParseNumpy(dtype);
        bool isObject = dtype.ValueKind == JsonValueKind.String && dtype.Text("dtype").EndsWith('O');
        List<ByteStep> steps = [];
        TextCodec text = TextCodec.None;
        foreach (JsonElement filter in array.Find("filters")?.List("filters") ?? [])
        {
            string id = filter.Get("id").Text("id");
            if (isObject && steps.Count == 0 && text == TextCodec.None && FindText(id) is { } form)
            {
                text = form;
                if (id == "vlen-bytes") { type = ZarrType.Bytes; }
            }
            else { steps.Add(ByteSteps.Parse(id, filter)); }
        }

        if (isObject && text == TextCodec.None) { type = ZarrType.Other("object without a codec that is read", 1); }
        if (array.Find("compressor") is { } compressor) { steps.Add(ByteSteps.Parse(compressor.Get("id").Text("id"), compressor)); }
        if (steps.Count > CodecChain.MaxSteps) { throw new UnsupportedContainerException($"{steps.Count} codecs; up to {CodecChain.MaxSteps} are read."); }
        bool isColumns = array.FindText("order") == "F" && shape.Length > 1;
        int[]? order = isColumns ? [.. Enumerable.Range(0, shape.Length).Reverse()] : null;
        ChunkKeys keys = new(ChunkKeys.ParseSeparator(array.FindText("dimension_separator") ?? "."), IsDefault: false);
        byte[] fill = FillValues.Parse(array.Find("fill_value"), type.Stored);
        if (type.Stored.Class == StoredClass.Compound && fill.Length == type.Size) { ByteOrder.Swap(fill, type.Size, type.Big); } // a record's bytes as stored
        ArrayMetadata parsed = new(shape, chunk, chunk, type, fill, keys, new CodecChain(order, type.Big, text, steps), null);
        parsed.Check();
        return parsed;
    }

    private static TextCodec? FindText(string id) => id switch
    {
        "vlen-utf8" or "vlen-bytes" => TextCodec.Lengths,
        "json2" => TextCodec.Json,
        _ => null,
    };
}
