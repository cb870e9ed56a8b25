using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using AnnDataCache.Codecs;
using AnnDataCache.Interop;

namespace AnnDataCache.Hdf5;

/// <summary>
/// Decodes one chunk that is too large to stand in memory: read, inflated and written in pieces, on two threads where there is a
/// second one. What it takes is the same for a chunk of 10 MB and one of 4 GB.
/// </summary>
/// <remarks>
/// For chunks that are one run of the array and are stored with gzip alone, or with shuffle and gzip. Shuffled bytes come plane by
/// plane (all first bytes, then all second bytes …), so a value is whole only at the end: its bytes are put together in the target's
/// own memory, which is shared and counted already. A target that has no memory cannot take them.
/// </remarks>
internal static unsafe class GiantChunk
{
    // Small while testing, so that small chunks go this way too.
#if DEBUG
    private const long LeastBytes = 2L << 10;
#else
    private const long LeastBytes = 8L << 20;
#endif

    private const int PieceBytes = 1 << 20, Pieces = 4;

    /// <summary>Decodes the chunk into <c>[offset, offset + bytes)</c> of the target, when it is one for this way.</summary>
    /// <param name="array">Its chunks are runs.</param>
    /// <param name="entry">The chunk.</param>
    /// <param name="target">Gets whole values.</param>
    /// <param name="offset">Of the chunk's first byte.</param>
    /// <param name="bytes">Of the chunk's bytes those inside the array.</param>
    /// <param name="workers">Threads that may be used.</param>
    /// <returns>False when nothing was done.</returns>
    internal static bool TryRead(Hdf5Chunks array, in ChunkEntry entry, ByteTarget target, long offset, long bytes, int workers)
    {
        if (array.Grid.ChunkBytes < LeastBytes || !HasOnlyGzip(array.Pipeline, entry, out Filter? shuffle)) { return false; }
        Sink sink;
        if (shuffle is null)
        {
            sink = new RunSink(array, target, offset, bytes);
        }
        else
        {
            int size = array.Type.Size;
            bool isOfValues = shuffle.ClientData is not [uint first, ..] || first == 0 || first == size;
            if (!isOfValues || !PlaneStore.Takes(size) || target.Map(offset, size) is var memory && memory is null) { return false; }
            sink = new PlaneSink(array, target, memory, offset, bytes);
        }

        Run(array, entry, sink, workers > 1);
        sink.Finish();
        return true;
    }

    private static bool HasOnlyGzip(FilterPipeline pipeline, in ChunkEntry entry, out Filter? shuffle)
    {
        uint mask = entry.FilterMask;
        Filter[] filters = [.. pipeline.Filters.Where((_, i) => (mask >> i & 1) == 0)];
        shuffle = filters is [{ Id: Filter.Shuffle }, ..] ? filters[0] : null;
        return filters is [{ Id: Filter.Deflate }] or [{ Id: Filter.Shuffle }, { Id: Filter.Deflate }];
    }

    private static void Run(Hdf5Chunks array, ChunkEntry entry, Sink sink, bool inParallel)
    {
        using PiecePipe pipe = new(sink, inParallel);
        long at = 0, left = array.Grid.ChunkBytes;
        InflatePump pump = new(
            stored =>
            {
                int here = (int)Math.Min(stored.Length, entry.Length - at);
                array.Source.Read(entry.Address + at, stored[..here]);
                at += here;
                return here;
            },
            decoded =>
            {
                left -= decoded.Length;
                if (left < 0) { throw new CodecException($"The chunk at {entry.Address:N0} decodes to more than its {array.Grid.ChunkBytes:N0} bytes."); }
                pipe.Add(decoded);
            });
        long total = pump.Run();
        if (total < array.Grid.ChunkBytes)
        {
            throw new CodecException($"The chunk at {entry.Address:N0} decodes to {total:N0} bytes; it has {array.Grid.ChunkBytes:N0}.");
        }

        pipe.Complete();
    }

    /// <summary>Takes decoded bytes in order, in pieces of whole values.</summary>
    private abstract class Sink(int valueSize)
    {
        internal int PieceBytes => GiantChunk.PieceBytes / valueSize * valueSize;

        internal abstract void Take(Span<byte> piece);

        internal virtual void Finish()
        {
        }
    }

    /// <summary>Writes values one after the other; what lies outside the array is dropped.</summary>
    private sealed class RunSink(Hdf5Chunks array, ByteTarget target, long offset, long bytes) : Sink(array.Type.Size)
    {
        private long _done;

        internal override void Take(Span<byte> piece)
        {
            int here = (int)Math.Min(piece.Length, bytes - _done);
            if (here <= 0) { return; }
            array.Type.ToLittleEndian(piece[..here]);
            target.Write(offset + _done, piece[..here]);
            _done += here;
        }
    }

    /// <summary>Puts each value together from its bytes, plane by plane.</summary>
    private sealed class PlaneSink(Hdf5Chunks array, ByteTarget target, byte* memory, long offset, long bytes) : Sink(1)
    {
        private readonly long _perPlane = array.Grid.ChunkBytes / array.Type.Size, _inside = bytes / array.Type.Size;
        private long _done;

        internal override void Take(Span<byte> piece)
        {
            while (piece.Length > 0)
            {
                (long plane, long first) = Math.DivRem(_done, _perPlane);
                int here = (int)Math.Min(piece.Length, _perPlane - first);
                int inside = (int)Math.Clamp(_inside - first, 0, here);
                if (plane == 0 && inside > 0) { target.Map(offset + (first * array.Type.Size), (long)inside * array.Type.Size); } // pages first
                PlaneStore.Put(piece[..inside], memory + (first * array.Type.Size), array.Type.Size, (int)plane);
                _done += here;
                piece = piece[here..];
            }
        }

        internal override void Finish()
        {
            int step = PieceBytes / array.Type.Size * array.Type.Size;
            for (long at = 0; at < bytes; at += step) { array.Type.ToLittleEndian(new Span<byte>(memory + at, (int)Math.Min(step, bytes - at))); }
        }
    }

    /// <summary>Collects decoded bytes to pieces and hands them to the sink, on a thread of its own where that is wanted.</summary>
    private sealed class PiecePipe : IDisposable
    {
        private readonly Sink _sink;
        private readonly BlockingCollection<byte[]> _free = [];
        private readonly BlockingCollection<(byte[] Piece, int Length)> _full = [];
        private readonly Thread? _writer;
        private ExceptionDispatchInfo? _failure; // written by the writer before it ends _free, read after that was seen
        private byte[] _piece;
        private int _length;

        internal PiecePipe(Sink sink, bool inParallel)
        {
            (_sink, _piece) = (sink, new byte[sink.PieceBytes]);
            if (!inParallel) { return; }
            for (int i = 1; i < Pieces; i++) { _free.Add(new byte[sink.PieceBytes]); }
            _writer = new Thread(WriteAll) { IsBackground = true, Name = "hdf5 writer" };
            _writer.Start();
        }

        internal void Add(ReadOnlySpan<byte> bytes)
        {
            while (bytes.Length > 0)
            {
                int here = Math.Min(bytes.Length, _piece.Length - _length);
                bytes[..here].CopyTo(_piece.AsSpan(_length));
                _length += here;
                bytes = bytes[here..];
                if (_length == _piece.Length) { HandOver(); }
            }
        }

        /// <summary>Hands over what is left and waits until all is written.</summary>
        internal void Complete()
        {
            HandOver();
            _full.CompleteAdding();
            _writer?.Join();
            _failure?.Throw();
        }

        private void HandOver()
        {
            if (_writer is null)
            {
                _sink.Take(_piece.AsSpan(0, _length));
            }
            else
            {
                _full.Add((_piece, _length));
                if (!_free.TryTake(out byte[]? free, Timeout.Infinite)) { _failure?.Throw(); }
                _piece = free!;
            }

            _length = 0;
        }

        private void WriteAll()
        {
            try
            {
                foreach ((byte[] piece, int length) in _full.GetConsumingEnumerable())
                {
                    _sink.Take(piece.AsSpan(0, length));
                    _free.Add(piece);
                }
            }
            catch (Exception failure)
            {
                _failure = ExceptionDispatchInfo.Capture(failure); // it must not end the process from this thread
                _free.CompleteAdding();
                while (_free.TryTake(out _)) { }
            }
        }

        public void Dispose()
        {
            _full.CompleteAdding();
            _writer?.Join();
            _full.Dispose();
            _free.Dispose();
        }
    }
}
