using System.Text.Json;
using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>An array's metadata of version 3: <c>zarr.json</c>.</summary>
internal static class ArrayVersion3
{
    internal static ArrayMetadata Parse(JsonElement array)
    {
        long[] shape = array.Get("shape").Integers("shape");
        ZarrType type = ZarrTypes.ParseNamed(array.Get("data_type"));
        foreach (JsonElement transformer in array.Find("storage_transformers")?.List("storage_transformers") ?? [])
        {
            throw new UnsupportedContainerException($"The storage transformer '{NameOf(transformer)}' is not read.");
        }

        RequireKnown(array);
        JsonElement grid = array.Get("chunk_grid");
        if (NameOf(grid) != "regular") { throw new UnsupportedContainerException($"The chunk grid '{NameOf(grid)}' is not read; 'regular' is."); }
        long[] chunk = ArrayMetadata.ChunkShape(grid.Get("configuration"), shape);
        byte[] fill = FillValues.Parse(array.Find("fill_value"), type.Stored);
        JsonElement[] codecs = array.Get("codecs").List("codecs");
        (ShardLayout Layout, long[] Chunk, JsonElement[] Codecs)? shard = FindShard(codecs, shape);
        CodecChain chain = ParseChain(shard?.Codecs ?? codecs, shape.Length, type);
        ArrayMetadata parsed = new(shape, chunk, shard?.Chunk ?? chunk, type, fill, ParseKeys(array), chain, shard?.Layout);
        parsed.Check();
        return parsed;
    }

    private static string NameOf(JsonElement extension) =>
        extension.ValueKind == JsonValueKind.String ? extension.Text("name") : extension.Get("name").Text("name");

    private static JsonElement Configuration(JsonElement extension) => extension.Find("configuration") ?? default;

    /// <summary>A member that nobody knows may only be there if it says that it may be ignored.</summary>
    private static void RequireKnown(JsonElement array)
    {
        foreach (JsonProperty member in array.EnumerateObject())
        {
            bool isKnown = ZarrJson.Guard(() => member.Name) is "zarr_format" or "node_type" or "shape" or "data_type" or "chunk_grid" or "chunk_key_encoding" or "fill_value"
                or "codecs" or "attributes" or "dimension_names" or "storage_transformers" or "consolidated_metadata";
            if (!isKnown && member.Value.ValueKind == JsonValueKind.Object && member.Value.Find("must_understand") is not { ValueKind: JsonValueKind.False })
            {
                throw new UnsupportedContainerException($"The metadata have '{member.Name}', which must be understood, and is not.");
            }
        }
    }

    private static ChunkKeys ParseKeys(JsonElement array)
    {
        JsonElement encoding = array.Get("chunk_key_encoding");
        string? separator = Configuration(encoding).FindText("separator");
        return NameOf(encoding) switch
        {
            "default" => new ChunkKeys(ChunkKeys.ParseSeparator(separator ?? "/"), IsDefault: true),
            "v2" => new ChunkKeys(ChunkKeys.ParseSeparator(separator ?? "."), IsDefault: false),
            string other => throw new UnsupportedContainerException($"The chunk key encoding '{other}' is not read; 'default' and 'v2' are."),
        };
    }

    /// <summary>A shard is all or nothing: what stands before or behind it would have to undo it as a whole.</summary>
    private static (ShardLayout, long[], JsonElement[])? FindShard(JsonElement[] codecs, long[] shape)
    {
        if (!codecs.Any(codec => NameOf(codec) == "sharding_indexed")) { return null; }
        if (codecs.Length > 1) { throw new UnsupportedContainerException("Shards that are themselves transposed or compressed are not read."); }
        JsonElement configuration = Configuration(codecs[0]);
        JsonElement[] inner = configuration.Get("codecs").List("codecs");
        if (inner.Any(codec => NameOf(codec) == "sharding_indexed")) { throw new UnsupportedContainerException("Shards inside shards are not read."); }
        bool isBig = false, hasChecksum = false;
        foreach (JsonElement codec in configuration.Get("index_codecs").List("index_codecs"))
        {
            switch (NameOf(codec))
            {
                case "bytes" when !hasChecksum: isBig = IsBig(codec); break;
                case "crc32c": hasChecksum = true; break;
                case string other: throw new UnsupportedContainerException($"A shard's index is stored with '{other}'; 'bytes' and 'crc32c' are read.");
            }
        }

        bool isFirst = configuration.FindText("index_location") switch
        {
            "start" => true,
            null or "end" => false,
            string other => throw new DamagedContainerException($"A shard's index is at its '{other}'; 'start' and 'end' are possible."),
        };
        return (new ShardLayout(isFirst, isBig, hasChecksum), ArrayMetadata.ChunkShape(configuration, shape), inner);
    }

    private static CodecChain ParseChain(JsonElement[] codecs, int rank, ZarrType type)
    {
        if (codecs.Length > CodecChain.MaxSteps) { throw new UnsupportedContainerException($"{codecs.Length} codecs; up to {CodecChain.MaxSteps} are read."); }
        int[]? order = null;
        bool isBytes = false, isBig = false;
        List<ByteStep> steps = [];
        foreach (JsonElement codec in codecs)
        {
            string name = NameOf(codec);
            if (isBytes) { steps.Add(ByteSteps.Parse(name, Configuration(codec))); }
            else if (name == "transpose") { order = Compose(order, Configuration(codec).Get("order"), rank); }
            else if (type.IsObject ? name is "vlen-utf8" or "vlen-bytes" : name is "bytes" or "endian")
            {
                (isBytes, isBig) = (true, !type.IsObject && IsBig(codec)); // 'endian' was its name in a draft
            }
            else { throw new UnsupportedContainerException($"Values of type {type.Stored.Description} are stored with the codec '{name}': not read."); }
        }

        if (!isBytes) { throw new DamagedContainerException("No codec makes bytes of the values."); }
        return new CodecChain(order, isBig ? type.Wide : type.Big, type.IsObject ? TextCodec.Lengths : TextCodec.None, steps);
    }

    private static int[]? Compose(int[]? first, JsonElement order, int rank)
    {
        // An early draft had "C" and "F" here.
        long[] axes = order.ValueKind == JsonValueKind.String
            ? [.. order.Text("order") == "F" ? Enumerable.Range(0, rank).Select(axis => (long)rank - 1 - axis) : Enumerable.Range(0, rank).Select(axis => (long)axis)]
            : order.Integers("order");
        if (axes.Length != rank) { throw new DamagedContainerException($"'transpose' names {axes.Length} axes; the array has {rank}."); }
        int[]? next = CodecChain.CheckOrder(axes);
        if (first is null || next is null) { return next ?? first; }
        return CodecChain.CheckOrder([.. next.Select(axis => (long)first[axis])]);
    }

    private static bool IsBig(JsonElement codec) => Configuration(codec).FindText("endian") switch
    {
        "big" => true,
        null or "little" => false,
        string other => throw new DamagedContainerException($"Bytes are '{other}'-endian; 'little' and 'big' are possible."),
    };
}
