using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using AnnDataCache.Codecs;
using AnnDataCache.Interop;

namespace AnnDataCache.Containers;

/// <summary>Takes the decoded bytes of a chunk in order, in pieces of whole values.</summary>
internal abstract class PieceSink(int valueSize)
{
    private const int LongestPiece = 1 << 20;

    internal int PieceBytes => Math.Max(1, LongestPiece / valueSize) * valueSize;

    internal abstract void Take(Span<byte> piece);

    /// <summary>All pieces were taken.</summary>
    internal virtual void Finish()
    {
    }
}

/// <summary>Writes values one after the other; what lies outside the array is dropped.</summary>
/// <param name="valueSize">Bytes of a value.</param>
/// <param name="toLittleEndian">Puts the bytes of whole values in order.</param>
/// <param name="target">Gets whole values.</param>
/// <param name="offset">Of the chunk's first byte.</param>
/// <param name="bytes">Of the chunk's bytes those inside the array.</param>
internal sealed class RunSink(int valueSize, Action<Span<byte>> toLittleEndian, ByteTarget target, long offset, long bytes)
    : PieceSink(valueSize)
{
    private long _done;

    internal override void Take(Span<byte> piece)
    {
        int here = (int)Math.Min(piece.Length, bytes - _done);
        if (here <= 0) { return; }
        toLittleEndian(piece[..here]);
        target.Write(offset + _done, piece[..here]);
        _done += here;
    }
}

/// <summary>Collects decoded bytes to pieces and hands them to the sink, on a thread of its own where that is wanted.</summary>
internal sealed class PiecePipe : IDisposable
{
    private const int Pieces = 4;

    private readonly PieceSink _sink;
    private readonly string _chunk;
    private readonly long _bytes, _inside;
    private readonly ReadContext _context;
    private readonly BlockingCollection<byte[]> _free = [];
    private readonly BlockingCollection<(byte[] Piece, int Length)> _full = [];
    private readonly Thread? _writer;
    private ExceptionDispatchInfo? _failure; // written by the writer before it ends _free, read after that was seen
    private byte[] _piece;
    private int _length;
    private long _total, _told;

    /// <param name="sink">Where the pieces go.</param>
    /// <param name="chunk">What is decoded, for messages: "The chunk at 4,096".</param>
    /// <param name="bytes">It must become.</param>
    /// <param name="inside">Of them those inside the array.</param>
    /// <param name="context">With more than one worker the sink has a thread. Looked at, and told, at each piece.</param>
    internal PiecePipe(PieceSink sink, string chunk, long bytes, long inside, ReadContext context)
    {
        (_sink, _chunk, _bytes, _inside, _context, _piece) = (sink, chunk, bytes, inside, context, new byte[sink.PieceBytes]);
        if (context.Workers == 1) { return; }
        for (int i = 1; i < Pieces; i++) { _free.Add(new byte[sink.PieceBytes]); }
        _writer = new Thread(WriteAll) { IsBackground = true, Name = "chunk writer" };
        _writer.Start();
    }

    /// <exception cref="CodecException">More than the chunk has.</exception>
    /// <exception cref="OperationCanceledException">As the context says.</exception>
    internal void Add(ReadOnlySpan<byte> bytes)
    {
        _total += bytes.Length;
        if (_total > _bytes) { throw new CodecException($"{_chunk} decodes to more than its {_bytes:N0} bytes."); }
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
    /// <exception cref="CodecException">Less than the chunk has.</exception>
    internal void Complete()
    {
        if (_total < _bytes) { throw new CodecException($"{_chunk} decodes to {_total:N0} bytes; it has {_bytes:N0}."); }
        HandOver();
        _full.CompleteAdding();
        _writer?.Join();
        _failure?.Throw();
        _sink.Finish();
    }

    private void HandOver()
    {
        _context.Cancellation.ThrowIfCancellationRequested();
        long done = Math.Min(_inside, _told + _length);
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
        _context.Progress?.Invoke(done - _told);
        _told = done;
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
