using AnnDataCache.Codecs;
using AnnDataCache.Containers;

namespace AnnDataCache.Tests.Codecs;

/// <summary>Pieces reach the sink in order, and whatever fails, nobody waits for ever: no decoder, no writer, no caller.</summary>
public sealed class PiecePipeTests
{
    private const int Pieces = 9, Rest = 12_345;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void TheSinkGetsAllBytesInOrder(int workers)
    {
        Random random = new(workers);
        Sink sink = new();
        byte[] data = Samples.Noise(random, (Pieces * sink.PieceBytes) + Rest);
        long told = 0, inside = data.Length - Rest - 7;
        InTime(() =>
        {
            ReadContext context = new(workers, CancellationToken.None, bytes => told += bytes);
            using PiecePipe pipe = Open(sink, data.Length, context, inside);
            for (int at = 0; at < data.Length;)
            {
                int here = Math.Min(random.Next(3 * sink.PieceBytes), data.Length - at);
                pipe.Add(data.AsSpan(at, here));
                at += here;
            }

            pipe.Complete();
        });
        Assert.True(data.AsSpan().SequenceEqual(sink.Taken.ToArray()));
        Assert.True(sink.IsFinished);
        Assert.Equal(inside, told);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, Pieces)]
    [InlineData(2, 0)]
    [InlineData(2, 1)]
    [InlineData(2, Pieces - 1)]
    [InlineData(2, Pieces)]
    public void ASinkThatFailsEndsTheDecoderWithItsOwnError(int workers, int failing)
    {
        Sink sink = new() { Failing = failing };
        InTime(() => Assert.Equal("no room", Assert.Throws<IOException>(() => Fill(sink, workers)).Message));
        Assert.Equal(failing + 1, sink.Calls); // none after the failure
        Assert.False(sink.IsFinished);
        Assert.True(workers == 1 || !sink.Thread!.IsAlive);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void WhatIsNotAsLongAsTheChunkIsRefused(int workers)
    {
        foreach (int more in (int[])[-1, 1])
        {
            Sink sink = new();
            InTime(() => Assert.Throws<CodecException>(() => Fill(sink, workers, more)));
            Assert.False(sink.IsFinished);
            Assert.True(workers == 1 || !sink.Thread!.IsAlive);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void CancellationStopsBetweenPieces(int workers)
    {
        using CancellationTokenSource source = new();
        Sink sink = new();
        int told = 0;
        ReadContext context = new(workers, source.Token, _ =>
        {
            if (++told == 3) { source.Cancel(); }
        });
        InTime(() => Assert.Throws<OperationCanceledException>(() => Fill(sink, workers, context: context)));
        Assert.Equal((3, 3), (told, sink.Calls));
        Assert.False(sink.IsFinished);
    }

    private static void Fill(Sink sink, int workers, int more = 0, ReadContext? context = null)
    {
        long bytes = ((long)Pieces * sink.PieceBytes) + Rest;
        using PiecePipe pipe = Open(sink, bytes, context ?? new ReadContext(workers, CancellationToken.None), bytes);
        byte[] some = new byte[100_000];
        for (long left = bytes + more; left > 0; left -= some.Length) { pipe.Add(some.AsSpan(0, (int)Math.Min(some.Length, left))); }
        pipe.Complete();
    }

    private static PiecePipe Open(Sink sink, long bytes, ReadContext context, long inside) => new(sink, "A chunk", bytes, inside, context);

    /// <summary>Who waits for ever must not keep the tests waiting.</summary>
    private static void InTime(Action work)
    {
        Exception? failure = null;
        Thread thread = new(() => failure = Record.Exception(work)) { IsBackground = true };
        thread.Start();
        Assert.True(thread.Join(s_patience), "It hangs.");
        Assert.Null(failure);
    }

    private sealed class Sink() : PieceSink(valueSize: 3)
    {
        internal MemoryStream Taken { get; } = new();

        internal int Failing { get; init; } = -1;

        internal int Calls { get; private set; }

        internal bool IsFinished { get; private set; }

        internal Thread? Thread { get; private set; }

        internal override void Take(Span<byte> piece)
        {
            Thread = Thread.CurrentThread;
            if (Calls++ == Failing) { throw new IOException("no room"); }
            Taken.Write(piece);
        }

        internal override void Finish() => IsFinished = true;
    }
}
