using System.Runtime.InteropServices;

namespace AnnDataCache;

/// <summary>A run of numbers or bytes inside a part. Valid until the <see cref="PinnedElement"/> it came from is disposed.</summary>
/// <remarks>Lengths are 64-bit: a buffer may hold more than a span can, which is why spans are taken by range.</remarks>
public readonly unsafe struct PinnedBuffer
{
    private readonly PinnedElement? _owner;
    private readonly byte* _start;

    internal PinnedBuffer(PinnedElement owner, byte* start, long bytes, DType type)
    {
        _owner = owner;
        _start = start;
        (ByteLength, Type) = (bytes, type);
    }

    /// <summary>Bytes of the buffer, without padding; 0 when the column has no such buffer.</summary>
    public long ByteLength { get; }

    /// <summary>Type of its numbers; <see cref="DType.UInt8"/> for text and bitmaps.</summary>
    public DType Type { get; }

    /// <summary>Numbers in the buffer.</summary>
    public long Count => ByteLength / Type.Size();

    /// <summary>Numbers <c>[start, start + count)</c>, read-only memory that all processes share.</summary>
    /// <typeparam name="T">The type that matches <see cref="Type"/>, or <see cref="byte"/> for the raw bytes.</typeparam>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is another type.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The element is disposed.</exception>
    public ReadOnlySpan<T> Span<T>(long start, int count) where T : unmanaged
    {
        if (typeof(T) != typeof(byte)) { DTypes.Require<T>(Type); }
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, (ByteLength / sizeof(T)) - count);
        if (count == 0) { return []; }
        _owner!.ThrowIfDisposed();
        return MemoryMarshal.CreateReadOnlySpan(ref *(T*)(_start + (start * sizeof(T))), count);
    }

    /// <summary>All numbers.</summary>
    /// <exception cref="InvalidOperationException">More than a span can hold; take ranges.</exception>
    public ReadOnlySpan<T> Span<T>() where T : unmanaged
    {
        long count = ByteLength / sizeof(T);
        return count <= int.MaxValue
            ? Span<T>(0, (int)count)
            : throw new InvalidOperationException($"The buffer has {count:N0} numbers; a span holds {int.MaxValue:N0}. Take ranges with Span(start, count).");
    }

    internal byte* Address
    {
        get
        {
            _owner?.ThrowIfDisposed();
            return _start;
        }
    }
}
