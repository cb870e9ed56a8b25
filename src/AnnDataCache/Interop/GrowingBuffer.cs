namespace AnnDataCache.Interop;

/// <summary>Private memory that grows and is used again. Its bytes are lost when it grows.</summary>
internal sealed class GrowingBuffer : IDisposable
{
    private NativeBuffer? _buffer;

    internal Span<byte> Span(int length)
    {
        if (_buffer is null || _buffer.Length < length)
        {
            _buffer?.Dispose();
            _buffer = null;
            _buffer = new NativeBuffer(length);
        }

        return _buffer.Span(0, length);
    }

    public void Dispose() => _buffer?.Dispose();
}
