using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace AnnDataCache.Containers;

/// <summary>Reverses the bytes of big-endian numbers in place.</summary>
internal static class ByteOrder
{
    internal static void Swap(Span<byte> values, int valueSize, IReadOnlyList<SwapRun> runs)
    {
        if (runs is [{ Offset: 0 } only] && only.Width * only.Count == valueSize)
        {
            Swap(values, only.Width);
            return;
        }

        for (; values.Length >= valueSize; values = values[valueSize..])
        {
            foreach (SwapRun run in runs) { Swap(values.Slice(run.Offset, run.Width * run.Count), run.Width); }
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
internal readonly record struct SwapRun(int Offset, int Width, int Count);
