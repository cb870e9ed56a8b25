using System.Runtime.InteropServices;

namespace AnnDataCache.Interop;

/// <summary>Private memory outside the garbage-collected heap, 64-byte aligned. Owned by whoever made it.</summary>
/// <remarks>The bytes are not cleared. Sizes are 64-bit: a buffer may exceed what an array can hold.</remarks>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private byte* _address;

    internal NativeBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        _address = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(length, 1), 64);
    }

    ~NativeBuffer() => Free();

    internal long Length { get; }

    internal byte* Address => _address;

    internal Span<byte> Span(long offset, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - count);
        return new Span<byte>(_address + offset, count);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_address);
        _address = null;
    }
}
