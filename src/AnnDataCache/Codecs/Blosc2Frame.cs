using System.Buffers.Binary;

namespace AnnDataCache.Codecs;

/// <summary>A contiguous Blosc2 frame: a MessagePack header, chunks, their index; perhaps of a blocked array (b2nd).</summary>
internal static class Blosc2Frame
{
    // The header's fields have fixed widths, so each has its place.
    private const int HeaderLengthAt = 11, FrameLengthAt = 16, BytesAt = 30, StoredBytesAt = 39, TypeSizeAt = 48, ChunkBytesAt = 58;
    private const int HeaderLeast = 87;

    internal static bool IsFrame(ReadOnlySpan<byte> source) =>
        source.Length >= HeaderLeast && source[2..].StartsWith("b2frame\0"u8);

    internal static int Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        int headerLength = BinaryPrimitives.ReadInt32BigEndian(source[HeaderLengthAt..]);
        long frameLength = BinaryPrimitives.ReadInt64BigEndian(source[FrameLengthAt..]);
        long bytes = BinaryPrimitives.ReadInt64BigEndian(source[BytesAt..]);
        long stored = BinaryPrimitives.ReadInt64BigEndian(source[StoredBytesAt..]);
        int typeSize = BinaryPrimitives.ReadInt32BigEndian(source[TypeSizeAt..]);
        int chunkBytes = BinaryPrimitives.ReadInt32BigEndian(source[ChunkBytesAt..]);
        Blosc2.Require(frameLength <= source.Length && headerLength >= HeaderLeast && headerLength <= frameLength && stored >= 0
            && stored <= frameLength - headerLength && bytes >= 0 && typeSize is > 0 and <= 255 && (chunkBytes > 0 || bytes == 0),
            "a frame whose header contradicts itself");
        ReadOnlySpan<byte> header = source[..headerLength], body = source[headerLength..(int)frameLength];
        if (Blosc2Array.Find(header) is { } layout)
        {
            Blosc2Array array = Blosc2Array.Read(header, layout, destination.Length, typeSize);
            Blosc2.Require(bytes == array.PaddedBytes, "an array in more than one chunk, which is not supported");
            Span<byte> blocked = Scratch.Get(Scratch.Purpose.Array, (int)bytes);
            DecodeChunks(body, (int)stored, blocked, chunkBytes, typeSize);
            return array.Unblock(blocked, destination);
        }

        Blosc2.Require(bytes <= destination.Length, $"a frame of {bytes} bytes, for {destination.Length} bytes of the destination");
        DecodeChunks(body, (int)stored, destination[..(int)bytes], chunkBytes, typeSize);
        return (int)bytes;
    }

    private static void DecodeChunks(ReadOnlySpan<byte> body, int stored, Span<byte> target, int chunkBytes, int typeSize)
    {
        if (target.IsEmpty)
        {
            return;
        }

        int chunks = (int)(((long)target.Length + chunkBytes - 1) / chunkBytes);
        Blosc2.Require(chunks <= Array.MaxLength / 8, "a frame of too many chunks");
        Span<byte> index = Scratch.Get(Scratch.Purpose.Index, chunks * 8);
        Blosc2.Require(Blosc2.DecodeChunk(body[stored..], index) == index.Length, "a frame whose index is too short");
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            Span<byte> part = target[(int)((long)chunk * chunkBytes)..];
            part = part[..Math.Min(part.Length, chunkBytes)];
            DecodeIndexed(BinaryPrimitives.ReadInt64LittleEndian(index[(chunk * 8)..]), body[..stored], part, typeSize);
        }
    }

    // A negative offset stands for a chunk that is not there because all its elements are one special value.
    private static void DecodeIndexed(long offset, ReadOnlySpan<byte> chunks, Span<byte> target, int typeSize)
    {
        if (offset < 0)
        {
            int special = (int)(offset >> 56 & 7);
            Blosc2.Require(special is Blosc2.Zeros or Blosc2.NotANumber or Blosc2.Unset, $"a chunk of special value {special}");
            Blosc2.FillSpecial(special, target, typeSize, []);
            return;
        }

        Blosc2.Require(offset <= chunks.Length, "a chunk outside its frame");
        Blosc2.Require(Blosc2.DecodeChunk(chunks[(int)offset..], target) == target.Length, "a chunk that is too short");
    }
}

/// <summary>How b2nd lays out a chunk of several dimensions: in blocks, each in C order, the last of each axis padded.</summary>
internal sealed class Blosc2Array
{
    private const int MostDimensions = 8;

    private readonly int[] _chunk, _block;
    private readonly int _typeSize;

    private Blosc2Array(int[] chunk, int[] block, int typeSize, long paddedBytes) =>
        (_chunk, _block, _typeSize, PaddedBytes) = (chunk, block, typeSize, paddedBytes);

    /// <summary>The length of the chunk with its blocks' padding.</summary>
    internal long PaddedBytes { get; }

    /// <summary>Where a frame's header describes the array, or null when the frame holds plain bytes.</summary>
    internal static int? Find(ReadOnlySpan<byte> header)
    {
        int name = header.IndexOf((ReadOnlySpan<byte>)[0xA4, (byte)'b', (byte)'2', (byte)'n', (byte)'d', 0xD2]);
        if (name < 0)
        {
            return null;
        }

        int at = name + 6 <= header.Length - 4 ? BinaryPrimitives.ReadInt32BigEndian(header[(name + 6)..]) : -1;
        Blosc2.Require(at >= 0 && at <= header.Length - 8, "an array description outside the header");
        return at;
    }

    internal static Blosc2Array Read(ReadOnlySpan<byte> header, int at, int capacity, int typeSize)
    {
        // A binary object's mark and length, an array's mark, the version; then the number of dimensions and three lists.
        int dimensions = header[at + 7];
        ReadOnlySpan<byte> lists = header[(at + 8)..];
        Blosc2.Require(dimensions is > 0 and <= MostDimensions && lists.Length >= 3 + dimensions * 19, "an array description cut off");
        lists = lists[(1 + dimensions * 9)..];
        int[] chunk = ReadList(lists, dimensions), block = ReadList(lists[(1 + dimensions * 5)..], dimensions);
        long bytes = typeSize, padded = typeSize;
        for (int axis = 0; axis < dimensions; axis++)
        {
            Blosc2.Require(block[axis] > 0 && chunk[axis] >= block[axis], "a block larger than its chunk");
            bytes *= chunk[axis];
            padded *= ((long)chunk[axis] + block[axis] - 1) / block[axis] * block[axis];
            Blosc2.Require(bytes <= capacity && padded <= Array.MaxLength, $"an array too large for {capacity} bytes of the destination");
        }

        return new Blosc2Array(chunk, block, typeSize, padded);
    }

    /// <summary>Puts the blocks' rows where they belong and returns the length of the whole chunk.</summary>
    internal int Unblock(ReadOnlySpan<byte> blocked, Span<byte> destination)
    {
        int last = _chunk.Length - 1, total = _typeSize;
        foreach (int extent in _chunk)
        {
            total *= extent;
        }

        Span<int> block = stackalloc int[MostDimensions], row = stackalloc int[MostDimensions];
        block.Clear();
        row.Clear();
        int rowBytes = _block[last] * _typeSize;
        for (int at = 0; at < blocked.Length; at += rowBytes)
        {
            int target = 0, inside = 0;
            for (int axis = 0; axis <= last; axis++)
            {
                int index = block[axis] * _block[axis] + (axis < last ? row[axis] : 0);
                inside = index < _chunk[axis] ? inside : -1;
                target = target * _chunk[axis] + Math.Min(index, _chunk[axis] - 1);
            }

            if (inside == 0)
            {
                int length = Math.Min(_block[last], _chunk[last] - block[last] * _block[last]) * _typeSize;
                blocked.Slice(at, length).CopyTo(destination[(target * _typeSize)..total]);
            }

            if (Advance(row, last, _block, []))
            {
                Advance(block, last + 1, _chunk, _block);
            }
        }

        return total;
    }

    // Counts up, the last axis fastest; true when it has come round to all zeros.
    private static bool Advance(Span<int> index, int axes, int[] extents, ReadOnlySpan<int> steps)
    {
        for (int axis = axes - 1; axis >= 0; axis--)
        {
            int size = steps.IsEmpty ? 1 : steps[axis];
            if (++index[axis] < (extents[axis] + size - 1) / size)
            {
                return false;
            }

            index[axis] = 0;
        }

        return true;
    }

    private static int[] ReadList(ReadOnlySpan<byte> list, int dimensions)
    {
        int[] values = new int[dimensions];
        for (int axis = 0; axis < dimensions; axis++)
        {
            Blosc2.Require(list[1 + axis * 5] == 0xD2, "an array description of another form");
            values[axis] = BinaryPrimitives.ReadInt32BigEndian(list[(2 + axis * 5)..]);
        }

        return values;
    }
}
