using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace AnnDataCache.Codecs;

/// <summary>Takes numbers of any width from a stream of bits, the highest bit of each byte first.</summary>
/// <param name="source">The stream.</param>
/// <param name="name">What the stream is, for messages.</param>
internal ref struct BitReader(ReadOnlySpan<byte> source, string name)
{
    private const int WindowBits = 64;

    private readonly ReadOnlySpan<byte> _source = source;
    private readonly string _name = name;

    // The next bits, from the top down. _held of them count; those below are zero or already those that come next,
    // so that adding the same source bytes again changes nothing.
    private ulong _window;
    private int _held;
    private int _next;

    /// <summary>A number of 0 to 64 bits.</summary>
    /// <exception cref="CodecException">The stream has fewer bits left.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong Read(int count)
    {
        if (count > 32)
        {
            ulong high = ReadShort(count - 32);
            return high << 32 | ReadShort(32);
        }

        return ReadShort(count);
    }

    /// <summary>How many zeros stand before the next one, which is taken too.</summary>
    /// <exception cref="CodecException">There are more than <paramref name="limit"/>, or no one follows.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint ReadZeros(uint limit)
    {
        int zeros = BitOperations.LeadingZeroCount(_window);
        if (zeros >= _held) { return ReadManyZeros(limit); }
        Drop(zeros + 1);
        return (uint)zeros <= limit ? (uint)zeros : throw TooMany((uint)zeros, limit);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong ReadShort(int count)
    {
        if (_held < count)
        {
            Fill();
            if (_held < count) { throw End(count); }
        }

        // Two shifts, because one by 64 is one by none.
        ulong value = _window >> 1 >> (WindowBits - 1 - count);
        Drop(count);
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Drop(int count)
    {
        _window <<= count;
        _held -= count;
    }

    private uint ReadManyZeros(uint limit)
    {
        uint total = 0;
        while (true)
        {
            int zeros = BitOperations.LeadingZeroCount(_window);
            bool isFound = zeros < _held;
            total += (uint)(isFound ? zeros : _held);
            if (total > limit) { throw TooMany(total, limit); }
            if (isFound)
            {
                Drop(zeros + 1);
                return total;
            }

            Drop(_held);
            Fill();
            if (_held == 0) { throw End(1); }
        }
    }

    private void Fill()
    {
        if (_source.Length - _next >= sizeof(ulong))
        {
            _window |= BinaryPrimitives.ReadUInt64BigEndian(_source[_next..]) >> _held;
            _next += (WindowBits - 1 - _held) >> 3;
            _held |= WindowBits - 8;
            return;
        }

        for (; _held <= WindowBits - 8 && _next < _source.Length; _held += 8)
        {
            _window |= (ulong)_source[_next++] << (WindowBits - 8 - _held);
        }
    }

    private readonly CodecException End(int count) => new(
        $"{_name} data ends inside a number: {_held} of {count} bits are left in {_source.Length} bytes.");

    private readonly CodecException TooMany(uint zeros, uint limit) => new(
        $"{_name} data counts {zeros} or more where at most {limit} fit, before byte {_next} of {_source.Length}.");
}
