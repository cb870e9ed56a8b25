using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AnnDataCache.Codecs;

/// <summary>Copies what a back reference repeats, by vectors: what every decoder of the Lempel-Ziv family does most.</summary>
internal static unsafe class MatchCopy
{
    /// <summary>Two vectors are written always.</summary>
    internal const int Overshoot = 32;

    /// <summary>Writes <paramref name="length"/> bytes, and up to <see cref="Overshoot"/> more, which repeat what is <paramref name="distance"/> back.</summary>
    /// <remarks>The caller has checked that the distance is there, and the room with what is overshot.</remarks>
    // A pattern shorter than sixteen bytes is spread over a vector; a longer one is its own. Behind that first vector the match is
    // one whose distance is a whole number of patterns, at least as far as each store moves on. So the kind of match needs no
    // branch, and its length only one where it is long: which way they go cannot be foreseen, and most matches are short. How often
    // a long one goes round cannot be foreseen either, so it does so with two vectors; those of a short pattern are all the same.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Copy(byte* write, nuint distance, nuint length)
    {
        // At most sixteen; without a branch, which Math.Min would be.
        long below = (long)distance - 16;
        nuint kind = (nuint)(16 + (below & below >> 63));
        ref byte masks = ref MemoryMarshal.GetReference(SpreadMasks);
        nuint step = Unsafe.Add(ref MemoryMarshal.GetReference(SpreadSteps), kind);
        nuint back = step + AtLeastZero((long)(distance - step));
        byte* end = write + length;
        Vector128<byte> mask = Vector128.LoadUnsafe(ref masks, kind * 16);
        Vector128<byte> first = Vector128.ShuffleNative(Vector128.Load(write - distance), mask);
        Vector128.Store(first, write);
        write += step;
        Repeat(ref write, back, step);
        if (write < end && distance <= 16)
        {
            do
            {
                Vector128.Store(first, write);
                Vector128.Store(first, write + step);
                write += 2 * step;
            }
            while (write < end);
            return;
        }

        while (write < end)
        {
            Repeat(ref write, back, step);
            Repeat(ref write, back, step);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Repeat(ref byte* write, nuint back, nuint step)
    {
        Vector128.Store(Vector128.Load(write - back), write);
        write += step;
    }

    // Without a branch, which Math.Max would be.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nuint AtLeastZero(long value) => (nuint)(value & ~(value >> 63));

    // The largest multiple of each pattern's length that a vector holds.
    private static ReadOnlySpan<byte> SpreadSteps => [0, 16, 16, 15, 16, 15, 12, 14, 16, 9, 10, 11, 12, 13, 14, 15, 16];

    // For each pattern length up to 15 the byte of the pattern that comes to each place; then the identity.
    private static ReadOnlySpan<byte> SpreadMasks =>
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1,
        0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0,
        0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3,
        0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0,
        0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3,
        0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1,
        0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 6,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3, 4,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 1, 2,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0, 1,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    ];
}
