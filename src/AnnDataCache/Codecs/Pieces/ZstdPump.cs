using System.Buffers;
using System.Numerics;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace AnnDataCache.Codecs;

/// <summary>Zstandard frames that are never whole in memory: read in pieces, decoded in pieces.</summary>
/// <remarks>
/// The library keeps what matches may reach back to: as much as a frame says, 8 MiB or less at the levels that writers use. A frame
/// that says more than zstd's own limit of 128 MiB, and more than all it may decode to, is refused.
/// </remarks>
/// <param name="read">As of <see cref="InflatePump"/>.</param>
/// <param name="take">Likewise.</param>
/// <param name="bytes">All that may be decoded.</param>
internal sealed class ZstdPump(InflatePump.ReadStored read, InflatePump.TakeDecoded take, long bytes)
{
    private const int InputBytes = 256 << 10, OutputBytes = 256 << 10;

    /// <summary>Logarithms of the library's own limit, and of all that it can be told to take.</summary>
    private const int UsualWindow = 27, LongestWindow = 31;

    private readonly byte[] _input = GC.AllocateUninitializedArray<byte>(InputBytes);
    private readonly byte[] _output = GC.AllocateUninitializedArray<byte>(OutputBytes);

    /// <summary>Decodes all.</summary>
    /// <exception cref="CodecException">Damaged or truncated data.</exception>
    internal void Run()
    {
        using Decompressor decompressor = new();
        decompressor.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, Math.Clamp(BitOperations.Log2((ulong)bytes) + 1, UsualWindow, LongestWindow));
        bool isWhole = false; // at the end of a frame
        for (int got = InputBytes; got == InputBytes;)
        {
            got = read(_input);
            ReadOnlySpan<byte> rest = _input.AsSpan(0, got);
            for (int made = -1; rest.Length > 0 || made == OutputBytes; take(_output.AsSpan(0, made)))
            {
                OperationStatus status = Decode(decompressor, rest, out int used, out made);
                if (used == 0 && made == 0 && rest.Length > 0) { throw new CodecException("Zstandard data: neither read on nor decoded."); }
                isWhole = used > 0 || made > 0 ? status == OperationStatus.Done : isWhole;
                rest = rest[used..];
            }
        }

        if (!isWhole) { throw new CodecException("Zstandard data: it ends inside a frame."); }
    }

    private OperationStatus Decode(Decompressor decompressor, ReadOnlySpan<byte> source, out int used, out int made)
    {
        try
        {
            OperationStatus status = decompressor.UnwrapStream(source, _output, out used, out made);
            return status == OperationStatus.InvalidData ? throw new CodecException("Zstandard data: damaged, or of a frame that wants more memory than it can need.") : status;
        }
        catch (ZstdException damage)
        {
            throw new CodecException($"Zstandard data: {damage.Message}.");
        }
    }
}
