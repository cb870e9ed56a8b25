using System.Buffers;
using AnnDataCache.Parts;
using AnnDataCache.Store;
using Apache.Arrow;
using Apache.Arrow.Ipc;

namespace AnnDataCache.Loading;

/// <summary>A part as Apache.Arrow's record batch, without copying: its buffers lie inside the mapping.</summary>
internal static class ArrowBatch
{
    /// <summary>The magic and its padding stand before the stream form of an Arrow file.</summary>
    private const int StreamStart = 8;

    /// <exception cref="InvalidOperationException">The part exceeds what a Memory can address.</exception>
    internal static RecordBatch Read(PartPin pin)
    {
        if (pin.Length > int.MaxValue)
        {
            throw new InvalidOperationException(
                $"The part has {pin.Length:N0} bytes; Apache.Arrow for .NET addresses up to {int.MaxValue:N0}. Use Columns, Dense or Sparse.");
        }

        MappedPart memory = new(pin.Retain());
        using ArrowStreamReader reader = new(memory.Memory[StreamStart..]);
        return reader.ReadNextRecordBatch();
    }

    /// <summary>
    /// Lends the mapping as memory. Every buffer of a batch refers to this object, and it holds a pin of its own: the part
    /// is unmapped when the last buffer has been collected (the pin's own finalizer does it), never under a live one.
    /// </summary>
    private sealed unsafe class MappedPart(PartPin pin) : MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => new(pin.View.Mapping.Address, (int)pin.Length);

        public override MemoryHandle Pin(int elementIndex = 0) => new(pin.View.Mapping.Address + elementIndex, default, this);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing) => pin.Dispose();
    }
}
