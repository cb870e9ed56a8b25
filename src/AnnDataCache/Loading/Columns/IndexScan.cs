using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AnnDataCache.Loading;

/// <summary>One pass over a run of indices, int32 or int64: where they do not rise, and whether all are in <c>[0, limit)</c>.</summary>
internal ref struct IndexScan<T> where T : unmanaged, IBinaryInteger<T>, ISignedNumber<T>
{
    private readonly ReadOnlySpan<T> _values;
    private readonly T _last;
    private Vector256<T> _outside; // a sign bit is set once its lane has seen an index outside
    private T _outsideOne;

    /// <param name="values">At least one.</param>
    /// <param name="limit">What all must be below.</param>
    internal IndexScan(ReadOnlySpan<T> values, long limit)
    {
        _values = values;
        _last = T.CreateSaturating(limit - 1);
        _outsideOne = Outside(values[0]);
    }

    /// <summary>True when all values are inside, once <see cref="NextFall"/> has been everywhere.</summary>
    internal readonly bool IsInRange => _outside.ExtractMostSignificantBits() == 0 && !T.IsNegative(_outsideOne);

    /// <summary>The first place from <paramref name="from"/> on whose value is not above the one before it; the length when there is none.</summary>
    internal int NextFall(int from)
    {
        int at = from, width = Vector256<T>.Count;
        ref T start = ref MemoryMarshal.GetReference(_values);
        Vector256<T> last = Vector256.Create(_last), outside = _outside;
        for (; at <= _values.Length - (4 * width); at += 4 * width)
        {
            Vector256<T> a = Vector256.LoadUnsafe(ref start, (nuint)at), b = Vector256.LoadUnsafe(ref start, (nuint)(at + width));
            Vector256<T> c = Vector256.LoadUnsafe(ref start, (nuint)(at + (2 * width))), d = Vector256.LoadUnsafe(ref start, (nuint)(at + (3 * width)));
            Vector256<T> rises = Rises(ref start, at, a) & Rises(ref start, at + width, b)
                & Rises(ref start, at + (2 * width), c) & Rises(ref start, at + (3 * width), d);
            if (rises != Vector256<T>.AllBitsSet) { break; } // found below, within these four
            outside |= a | b | c | d | (last - a) | (last - b) | (last - c) | (last - d);
        }

        for (; at <= _values.Length - width; at += width)
        {
            Vector256<T> here = Vector256.LoadUnsafe(ref start, (nuint)at);
            outside |= here | (last - here);
            uint falls = (~Rises(ref start, at, here)).ExtractMostSignificantBits();
            if (falls != 0)
            {
                _outside = outside;
                return at + BitOperations.TrailingZeroCount(falls);
            }
        }

        _outside = outside;
        for (; at < _values.Length; at++)
        {
            _outsideOne |= Outside(_values[at]);
            if (_values[at] <= _values[at - 1]) { break; }
        }

        return at;
    }

    private static Vector256<T> Rises(ref T start, int at, Vector256<T> here) =>
        Vector256.GreaterThan(here, Vector256.LoadUnsafe(ref start, (nuint)(at - 1)));

    /// <summary>Negative when the value is: then nothing can overflow that matters; or when it is beyond the last.</summary>
    private readonly T Outside(T value) => value | (_last - value);
}
