using System.Buffers.Binary;
using AnnDataCache.Codecs;
using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Zarr;

/// <summary>Undoes the steps of a chain that lead from bytes to bytes. One thread's; its memory is used again.</summary>
internal sealed class ByteDecoder(IReadOnlyList<ByteStep> steps) : IDisposable
{
    // Deflate makes at most 1032 bytes of one.
    private const int MostPerByte = 1032, FirstGuess = 1 << 16, ChecksumBytes = 4;

    private readonly GrowingBuffer _first = new(), _second = new();

    /// <summary>No chunk may become larger.</summary>
    internal const int MaxBytes = int.MaxValue - 4096; // room for checksums behind it

    /// <summary>Undoes all steps.</summary>
    /// <param name="stored">As read.</param>
    /// <param name="exact">Bytes that must come out; -1 where only the bytes can tell.</param>
    /// <param name="place">Where they go; empty for memory of this decoder.</param>
    /// <returns>The bytes: in <paramref name="place"/> where that was given and there is a step to undo.</returns>
    /// <exception cref="CodecException">Damaged, or another number of bytes.</exception>
    internal Span<byte> Undo(Span<byte> stored, int exact, Span<byte> place)
    {
        Span<byte> bytes = stored;
        bool useFirst = true;
        for (int i = steps.Count - 1; i >= 0; i--)
        {
            ByteStep step = steps[i];
            if (step.Codec == ByteCodec.Crc32C)
            {
                bytes = Verify(bytes);
                continue;
            }

            int sums = ChecksumsBefore(i);
            bool isKnown = sums >= 0 && exact >= 0;
            GrowingBuffer memory = useFirst ? _first : _second;
            useFirst = !useFirst;
            bytes = Undo(step, bytes, isKnown ? exact + sums : -1, sums == 0 ? place : default, memory);
        }

        return exact < 0 || bytes.Length == exact
            ? bytes
            : throw new CodecException($"A chunk decodes to {bytes.Length:N0} bytes; it has {exact:N0}.");
    }

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }

    private static Span<byte> Verify(Span<byte> bytes)
    {
        if (bytes.Length < ChecksumBytes) { throw new CodecException($"A chunk of {bytes.Length} bytes has no room for its checksum."); }
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(bytes[^ChecksumBytes..]), computed = Crc32C.Compute(bytes[..^ChecksumBytes]);
        return stored == computed
            ? bytes[..^ChecksumBytes]
            : throw new CodecException($"A chunk has checksum {computed:X8}; {stored:X8} is stored.");
    }

    /// <summary>Bytes of the checksums that are all that was done before a step; -1 when something else was done too.</summary>
    private int ChecksumsBefore(int index) =>
        steps.Take(index).All(step => step.Codec == ByteCodec.Crc32C) ? ChecksumBytes * index : -1;

    private static Span<byte> Undo(ByteStep step, ReadOnlySpan<byte> source, int exact, Span<byte> place, GrowingBuffer memory)
    {
        switch (step.Codec)
        {
            case ByteCodec.Blosc:
                return Sized(step, source, SizeAt(source, 4, Blosc.HeaderSize), exact, place, memory);
            case ByteCodec.Lz4:
                return Sized(step, source, SizeAt(source, 0, 4), exact, place, memory);
            case ByteCodec.Shuffle:
                return Sized(step, source, source.Length, exact, place, memory);
            case ByteCodec.Zstd when exact < 0:
                return Sized(step, source, Zstd.Bound(source), exact, place, memory);
            default:
                return exact >= 0 ? Sized(step, source, exact, exact, place, memory) : Guessed(step, source, memory);
        }
    }

    private static long SizeAt(ReadOnlySpan<byte> source, int offset, int header) => source.Length >= header
        ? BinaryPrimitives.ReadUInt32LittleEndian(source[offset..])
        : throw new CodecException($"A compressed chunk of {source.Length} bytes is shorter than its {header}-byte header.");

    private static Span<byte> Sized(ByteStep step, ReadOnlySpan<byte> source, long size, int exact, Span<byte> place, GrowingBuffer memory)
    {
        if (size > MaxBytes || (exact >= 0 && size != exact))
        {
            throw new CodecException($"A chunk says that it becomes {size:N0} bytes; {(exact >= 0 ? exact : MaxBytes):N0} {(exact >= 0 ? "are expected" : "is the limit")}.");
        }

        Span<byte> target = place.Length > 0 && place.Length == size ? place : memory.Span((int)size);
        return target[..Decode(step, source, target)];
    }

    /// <summary>Formats that do not say how much they hold are tried with more and more room, as far as their bytes can reach.</summary>
    private static Span<byte> Guessed(ByteStep step, ReadOnlySpan<byte> source, GrowingBuffer memory)
    {
        long most = Math.Min(MaxBytes, Math.Max(FirstGuess, (long)source.Length * MostPerByte));
        for (long room = Math.Min(most, Math.Max(FirstGuess, 4L * source.Length)); ; room = Math.Min(most, 4 * room))
        {
            Span<byte> target = memory.Span((int)room);
            try
            {
                return target[..Decode(step, source, target)];
            }
            catch (CodecException) when (room < most)
            {
                // too little room looks like damage; with all the room that there can be it is damage
            }
        }
    }

    private static int Decode(ByteStep step, ReadOnlySpan<byte> source, Span<byte> target)
    {
        switch (step.Codec)
        {
            case ByteCodec.Blosc:
                return Blosc.Decode(source, target);
            case ByteCodec.Lz4:
                return Lz4.Decode(source[4..], target);
            case ByteCodec.Zlib:
                return Inflate.Zlib(source, target);
            case ByteCodec.Gzip:
                return Inflate.Gzip(source, target);
            case ByteCodec.Zstd:
                return Zstd.Decode(source, target);
            default:
                Shuffle.Undo(source, target, step.ElementSize);
                return source.Length;
        }
    }
}
