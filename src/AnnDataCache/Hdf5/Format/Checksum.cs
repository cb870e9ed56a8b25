using System.Buffers.Binary;
using System.Numerics;
using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Bob Jenkins's lookup3 hash, which ends each of the newer structures.</summary>
internal static class Checksum
{
    internal const int Size = 4;

    /// <summary>Checks a structure whose last four bytes are the hash of the others, and returns those.</summary>
    internal static ReadOnlySpan<byte> Verify(ReadOnlySpan<byte> block, string what, long address)
    {
        if (block.Length < Size)
        {
            throw new DamagedContainerException($"The {what} at {address:N0} has no room for its checksum.");
        }

        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(block[^Size..]);
        uint computed = Compute(block[..^Size]);
        return stored == computed
            ? block[..^Size]
            : throw new DamagedContainerException(
                $"The {what} at {address:N0} has checksum {computed:X8}; {stored:X8} is stored.");
    }

    internal static uint Compute(ReadOnlySpan<byte> bytes)
    {
        uint a = 0xDEADBEEF + (uint)bytes.Length, b = a, c = a;
        if (bytes.IsEmpty) { return c; }
        while (bytes.Length > 12)
        {
            a += BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            b += BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            c += BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
            Mix(ref a, ref b, ref c);
            bytes = bytes[12..];
        }

        Span<byte> tail = stackalloc byte[12];
        tail.Clear();
        bytes.CopyTo(tail);
        a += BinaryPrimitives.ReadUInt32LittleEndian(tail);
        b += BinaryPrimitives.ReadUInt32LittleEndian(tail[4..]);
        c += BinaryPrimitives.ReadUInt32LittleEndian(tail[8..]);
        return Finish(a, b, c);
    }

    private static void Mix(ref uint a, ref uint b, ref uint c)
    {
        a = (a - c) ^ BitOperations.RotateLeft(c, 4);
        c += b;
        b = (b - a) ^ BitOperations.RotateLeft(a, 6);
        a += c;
        c = (c - b) ^ BitOperations.RotateLeft(b, 8);
        b += a;
        a = (a - c) ^ BitOperations.RotateLeft(c, 16);
        c += b;
        b = (b - a) ^ BitOperations.RotateLeft(a, 19);
        a += c;
        c = (c - b) ^ BitOperations.RotateLeft(b, 4);
        b += a;
    }

    private static uint Finish(uint a, uint b, uint c)
    {
        c = (c ^ b) - BitOperations.RotateLeft(b, 14);
        a = (a ^ c) - BitOperations.RotateLeft(c, 11);
        b = (b ^ a) - BitOperations.RotateLeft(a, 25);
        c = (c ^ b) - BitOperations.RotateLeft(b, 16);
        a = (a ^ c) - BitOperations.RotateLeft(c, 4);
        b = (b ^ a) - BitOperations.RotateLeft(a, 14);
        return (c ^ b) - BitOperations.RotateLeft(b, 24);
    }
}
