using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace AnnDataCache.Hdf5;

/// <summary>What a variable-length value is in the file: its length, and which object of which collection holds it.</summary>
internal readonly record struct HeapReference(uint Length, long Collection, uint Index)
{
    /// <summary>True when there is nothing to look up: the empty string.</summary>
    internal bool IsEmpty => Length == 0 || Collection is FormatSource.Undefined or 0;

    internal static int Size(FormatSource source) => 8 + source.OffsetSize;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static HeapReference Parse(FormatSource source, ReadOnlySpan<byte> bytes)
    {
        if (source.OffsetSize == 8 && bytes.Length == 16) // every file of today; a million strings are a million of these
        {
            long address = BinaryPrimitives.ReadInt64LittleEndian(bytes[4..]);
            if (address >= FormatSource.Undefined)
            {
                return new HeapReference(BinaryPrimitives.ReadUInt32LittleEndian(bytes), address, BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]));
            }
        }

        return ParseAny(source, bytes);
    }

    private static HeapReference ParseAny(FormatSource source, ReadOnlySpan<byte> bytes)
    {
        FormatReader reader = source.Reader(bytes, "variable-length reference", 0);
        return new HeapReference(reader.UInt32(), reader.Offset(), reader.UInt32());
    }
}
