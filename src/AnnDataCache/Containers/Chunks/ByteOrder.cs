using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace AnnDataCache.Containers;

/// <summary>Makes numbers what the machine means by them, in place: bytes of big-endian ones are reversed, unused bits cut off.</summary>
internal static class ByteOrder
{
    internal static void Swap(Span<byte> values, int valueSize, IReadOnlyList<SwapRun> runs)
    {
        if (runs is [{ Offset: 0 } only] && only.Width * only.Count == valueSize)
        {
            Swap(values, only);
            return;
        }

        for (; values.Length >= valueSize; values = values[valueSize..])
        {
            foreach (SwapRun run in runs) { Swap(values.Slice(run.Offset, run.Width * run.Count), run); }
        }
    }

    private static void Swap(Span<byte> numbers, in SwapRun run)
    {
        if (run.IsBig) { Swap(numbers, run.Width); }
        if (run.Bits is { } bits) { Cut(numbers, run.Width, bits); }
    }

    private static void Cut(Span<byte> numbers, int width, in UsedBits bits)
    {
        int above = 64 - bits.Count;
        Span<byte> wide = stackalloc byte[sizeof(long)];
        for (; numbers.Length >= width; numbers = numbers[width..])
        {
            wide.Clear();
            numbers[..width].CopyTo(wide);
            ulong value = BinaryPrimitives.ReadUInt64LittleEndian(wide) >> bits.Offset << above;
            BinaryPrimitives.WriteUInt64LittleEndian(wide, bits.IsSigned ? (ulong)((long)value >> above) : value >> above);
            wide[..width].CopyTo(numbers);
        }
    }

    private static void Swap(Span<byte> numbers, int width)
    {
        switch (width)
        {
            case 2:
                Span<ushort> shorts = MemoryMarshal.Cast<byte, ushort>(numbers);
                BinaryPrimitives.ReverseEndianness(shorts, shorts);
                break;
            case 4:
                Span<uint> words = MemoryMarshal.Cast<byte, uint>(numbers);
                BinaryPrimitives.ReverseEndianness(words, words);
                break;
            case 8:
                Span<ulong> longs = MemoryMarshal.Cast<byte, ulong>(numbers);
                BinaryPrimitives.ReverseEndianness(longs, longs);
                break;
            default:
                for (; numbers.Length >= width; numbers = numbers[width..]) { numbers[..width].Reverse(); }
                break;
        }
    }
}

/// <summary>Numbers side by side inside a value.</summary>
/// <param name="Offset">Bytes from the start of the value.</param>
/// <param name="Width">Bytes of one number.</param>
/// <param name="Count">How many follow each other.</param>
/// <param name="IsBig">Whether the bytes stand in big-endian order.</param>
/// <param name="Bits">The bits that count, where these are not all; they are counted in little-endian order.</param>
internal readonly record struct SwapRun(int Offset, int Width, int Count, bool IsBig, UsedBits? Bits);

/// <summary>The bits of a number that count; what the others hold is undefined.</summary>
internal readonly record struct UsedBits(int Offset, int Count, bool IsSigned);
