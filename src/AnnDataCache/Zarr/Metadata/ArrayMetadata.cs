using System.Globalization;
using System.Text;
using System.Text.Json;
using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>Everything that an array's metadata say, in one form for both versions.</summary>
/// <param name="Shape">Length of each axis.</param>
/// <param name="Stored">Shape of what one key holds: a chunk, or a shard of chunks.</param>
/// <param name="Chunk">Shape of what is decoded at once: a chunk, or one inside a shard.</param>
/// <param name="Type">Type of a value.</param>
/// <param name="Fill">What stands where no chunk is: a value's little-endian bytes; none for zeros or empty strings.</param>
/// <param name="Keys">Names of chunks.</param>
/// <param name="Codecs">From a chunk's stored bytes to its values.</param>
/// <param name="Shard">Where the chunks of a shard are; null when chunks have keys of their own.</param>
internal sealed record ArrayMetadata(
    long[] Shape, long[] Stored, long[] Chunk, ZarrType Type, byte[] Fill, ChunkKeys Keys, CodecChain Codecs, ShardLayout? Shard)
{
    private const int MaxRank = 32;

    /// <summary>Chunks that have keys of their own, and would each be looked for: far above any real array.</summary>
    private const long MaxKeys = 1 << 22;

    /// <summary>An axis of no length may have chunks of none, as some writers cut it.</summary>
    internal static long[] ChunkShape(JsonElement parent, long[] shape, string name = "chunk_shape") =>
        [.. parent.Get(name).Integers(name).Select((length, axis) => length == 0 && axis < shape.Length && shape[axis] == 0 ? 1 : length)];

    /// <exception cref="ContainerException">Shapes that contradict each other, or are beyond what is read.</exception>
    internal void Check()
    {
        if (Shape.Length > MaxRank) { throw new UnsupportedContainerException($"Arrays of {Shape.Length} axes are not read; {MaxRank} is the limit."); }
        if (Stored.Length != Shape.Length || Chunk.Length != Shape.Length)
        {
            throw new DamagedContainerException($"The array has {Shape.Length} axes, its chunks have {Stored.Length} and {Chunk.Length}.");
        }

        long keys = 1;
        for (int i = 0; i < Shape.Length; i++)
        {
            if (Shape[i] < 0 || Stored[i] < 1 || Chunk[i] < 1 || Stored[i] % Chunk[i] != 0)
            {
                throw new DamagedContainerException($"Axis {i} has length {Shape[i]:N0} in pieces of {Stored[i]:N0} and {Chunk[i]:N0}.");
            }

            keys = checked(keys * ChunkGrid.CountOn(Shape[i], Stored[i]));
        }

        if (keys > MaxKeys) { throw new UnsupportedContainerException($"The array has {keys:N0} chunks; up to {MaxKeys:N0} are read."); }
        _ = checked(ChunkGrid.Product(Shape) * Type.Size);
        if (Codecs.Order is { } order && order.Length != Shape.Length) { throw new DamagedContainerException($"{order.Length} axes are transposed; the array has {Shape.Length}."); }
    }
}

/// <summary>How chunks are named.</summary>
/// <param name="Separator">Between the numbers.</param>
/// <param name="IsDefault">True for version 3's own way, which puts a <c>c</c> in front.</param>
internal sealed record ChunkKeys(char Separator, bool IsDefault)
{
    /// <exception cref="UnsupportedContainerException">Neither of the two that there are.</exception>
    internal static char ParseSeparator(string separator) => separator is "." or "/"
        ? separator[0]
        : throw new UnsupportedContainerException($"Chunks are separated by '{separator}'; '.' and '/' are read.");

    internal string Of(ReadOnlySpan<long> coordinates)
    {
        if (coordinates.Length == 0) { return IsDefault ? "c" : "0"; }
        StringBuilder key = new(IsDefault ? "c" : "");
        foreach (long coordinate in coordinates)
        {
            if (key.Length > 0) { key.Append(Separator); }
            key.Append(CultureInfo.InvariantCulture, $"{coordinate}");
        }

        return key.ToString();
    }
}

/// <summary>A shard: chunks behind each other in any order, and an index of 16 bytes for each at one end.</summary>
/// <param name="IsIndexFirst">True when the index stands at the start.</param>
/// <param name="IsBig">True when its numbers are big-endian.</param>
/// <param name="HasChecksum">True when a crc32c follows the index.</param>
internal sealed record ShardLayout(bool IsIndexFirst, bool IsBig, bool HasChecksum);
