using System.Runtime.InteropServices;

namespace AnnDataCache.Interop;

/// <summary>Private memory outside the garbage-collected heap, 64-byte aligned. Owned by whoever made it.</summary>
/// <remarks>The bytes are not cleared. Sizes are 64-bit: a buffer may exceed what an array can hold.</remarks>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private byte* _address;

    internal NativeBuffer(long length)
        : this(length, 64)
    {
    }

    private NativeBuffer(long length, int alignment)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        _address = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(length, 1), (nuint)alignment);
    }

    /// <summary>For what is used in no order: huge pages where the kernel has some, so that the table of pages stays small.</summary>
    internal static NativeBuffer OfHugePages(long length)
    {
        const int HugePage = 2 << 20;
        NativeBuffer buffer = new((length + HugePage - 1) / HugePage * HugePage, HugePage);
        _ = Posix.MAdvise((nint)buffer.Address, (nuint)buffer.Length, Posix.HugePage); // advice
        return buffer;
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
