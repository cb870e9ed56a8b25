using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AnnDataCache.Codecs;

/// <summary>LibLZF, h5py's filter 32000: bytes copied from the source, or repeated from at most 8 KiB back.</summary>
internal static unsafe class Lzf
{
    private const int LongestRun = 32, LongestMatch = 264;
    private const int SourceMargin = LongestRun + 1, DestinationMargin = LongestMatch + MatchCopy.Overshoot;

    internal static int Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        int read = 0, written = 0;
        if (source.Length > SourceMargin && destination.Length > DestinationMargin)
        {
            fixed (byte* from = source, to = destination) { (read, written) = DecodeInside(from, source.Length, to, destination.Length); }
        }

        while (read < source.Length)
        {
            int control = source[read++];
            if (control < LongestRun)
            {
                int run = control + 1;
                Require(run <= source.Length - read, read, "ends inside a run of literal bytes");
                Require(run <= destination.Length - written, read, "decodes to more than the destination holds");
                source.Slice(read, run).CopyTo(destination[written..]);
                read += run;
                written += run;
                continue;
            }

            int length = (control >> 5) + 2;
            Require(source.Length - read >= (length == 9 ? 2 : 1), read, "ends inside a reference");
            length += length == 9 ? source[read++] : 0;
            int distance = ((control & 0x1F) << 8 | source[read++]) + 1;
            Require(distance <= written, read, "refers to bytes before the start");
            Require(length <= destination.Length - written, read, "decodes to more than the destination holds");
            Repeat(destination, written, distance, length);
            written += length;
        }

        return written;
    }

    /// <summary>Decodes as far as the longest run or match fits on both sides, with what vectors overshoot; what is wrong is left to find.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (int Read, int Written) DecodeInside(byte* source, int sourceLength, byte* destination, int capacity)
    {
        byte* read = source, readLimit = source + sourceLength - SourceMargin;
        byte* write = destination, writeLimit = destination + capacity - DestinationMargin;
        while (read < readLimit && write < writeLimit)
        {
            uint control = *read;
            if (control < LongestRun)
            {
                Vector256.Store(Vector256.Load(read + 1), write);
                read += control + 2;
                write += control + 1;
                continue;
            }

            nuint length = (control >> 5) + 2;
            bool isLong = length == 9;
            length += isLong ? read[1] : 0u;
            byte* last = read + (isLong ? 2 : 1);
            nuint distance = ((control & 0x1F) << 8 | *last) + 1;
            if (distance > (nuint)(write - destination)) { break; }
            MatchCopy.Copy(write, distance, length);
            read = last + 1;
            write += length;
        }

        return ((int)(read - source), (int)(write - destination));
    }

    /// <summary>Copies <paramref name="length"/> bytes from <paramref name="distance"/> back; a short distance repeats its bytes.</summary>
    /// <remarks>The caller has checked both against what is written and what there is room for.</remarks>
    internal static void Repeat(Span<byte> destination, int at, int distance, int length)
    {
        if (destination.Length - at - length >= MatchCopy.Overshoot)
        {
            fixed (byte* start = destination) { MatchCopy.Copy(start + at, (nuint)distance, (nuint)length); }
            return;
        }

        for (int end = at + length; at < end; at++) { destination[at] = destination[at - distance]; }
    }

    private static void Require(bool holds, int at, string what)
    {
        if (!holds)
        {
            throw new CodecException($"LZF data {what}, at byte {at} of the source.");
        }
    }
}
