using System.Text.Json;
using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>Names of codecs from bytes to bytes: numcodecs' (version 2) and those of version 3.</summary>
internal static class ByteSteps
{
    /// <exception cref="UnsupportedContainerException">A codec that is not read.</exception>
    internal static ByteStep Parse(string name, JsonElement configuration)
    {
        string bare = name.StartsWith("numcodecs.", StringComparison.Ordinal) ? name[10..] : name;
        return bare switch
        {
            "blosc" => new ByteStep(ByteCodec.Blosc, $"blosc {configuration.FindText("cname") ?? ""}".TrimEnd()),
            "zstd" => new ByteStep(ByteCodec.Zstd, bare),
            "lz4" => new ByteStep(ByteCodec.Lz4, bare),
            "zlib" => new ByteStep(ByteCodec.Zlib, bare),
            "gzip" => new ByteStep(ByteCodec.Gzip, bare),
            "crc32c" when configuration.FindText("location") is "start" => throw new UnsupportedContainerException(
                "The values have their crc32c before them, which is not read; one behind them is."),
            "crc32c" => new ByteStep(ByteCodec.Crc32C, bare),
            "shuffle" => new ByteStep(ByteCodec.Shuffle, bare, ElementSize(configuration)),
            _ => throw new UnsupportedContainerException(
                $"The values are stored with the codec '{name}', which is not read; blosc, zstd, lz4, zlib, gzip, shuffle and crc32c are."),
        };
    }

    private static int ElementSize(JsonElement configuration)
    {
        long size = configuration.Find("elementsize")?.Integer("elementsize") ?? 4;
        return size is > 0 and <= 1 << 20 ? (int)size : throw new DamagedContainerException($"A shuffle has elements of {size:N0} bytes.");
    }
}
