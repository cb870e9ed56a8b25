using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>A codec from bytes to bytes.</summary>
internal enum ByteCodec
{
    Blosc,
    Zstd,
    Lz4,
    Zlib,
    Gzip,
    /// <summary>Bytes of one significance together (numcodecs' filter).</summary>
    Shuffle,
    /// <summary>A little-endian checksum behind the bytes.</summary>
    Crc32C,
}

/// <summary>One step of a chain.</summary>
/// <param name="Codec">What was done.</param>
/// <param name="Name">Its name, for people.</param>
/// <param name="ElementSize">Of a shuffle.</param>
internal sealed record ByteStep(ByteCodec Codec, string Name, int ElementSize = 0);

/// <summary>How strings of their own length became bytes.</summary>
internal enum TextCodec
{
    None,
    /// <summary>A count, then each behind its length.</summary>
    Lengths,
    /// <summary>A JSON list, its type and shape at the end.</summary>
    Json,
}

/// <summary>From values to the stored bytes, as the writer did it.</summary>
/// <param name="Order">Axis of the array that stands at each place of a stored chunk; null when they stand as they are.</param>
/// <param name="Swaps">Numbers in a value that are big-endian.</param>
/// <param name="Text">Of strings of their own length.</param>
/// <param name="Steps">In the order in which they were applied.</param>
internal sealed record CodecChain(int[]? Order, IReadOnlyList<SwapRun> Swaps, TextCodec Text, IReadOnlyList<ByteStep> Steps)
{
    /// <summary>More steps than anyone has a reason for.</summary>
    internal const int MaxSteps = 16;

    /// <summary>True when the stored bytes are the values.</summary>
    internal bool IsPlain => Order is null && Steps.Count == 0;

    internal IEnumerable<string> Names => Steps.Select(step => step.Name);

    /// <exception cref="DamagedContainerException">Not each axis once.</exception>
    internal static int[]? CheckOrder(long[] order)
    {
        bool isIdentity = true;
        for (int i = 0; i < order.Length; i++)
        {
            if (Array.IndexOf(order, i) < 0) { throw new DamagedContainerException($"'transpose' names axes {string.Join(", ", order)}; each of {order.Length} is expected once."); }
            isIdentity &= order[i] == i;
        }

        return isIdentity ? null : [.. order.Select(axis => (int)axis)];
    }
}
