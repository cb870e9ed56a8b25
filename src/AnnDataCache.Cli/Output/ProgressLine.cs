using System.Diagnostics;
using System.Globalization;

namespace AnnDataCache.Cli.Output;

/// <summary>How far a load is: one line on a terminal's stderr, drawn ten times a second, gone when it is done.</summary>
internal sealed class ProgressLine : IProgress<LoadProgress>, IDisposable
{
    private const int BarWidth = 24;
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly bool _isTerminal = !Console.IsErrorRedirected;
    private string? _element;
    private long _start, _drawn, _furthest;
    private bool _visible;

    /// <summary>Called by all threads that decode: all but one a time return at once.</summary>
    public void Report(LoadProgress value)
    {
        if (!_isTerminal || !_lock.TryEnter()) { return; }
        try
        {
            if (value.Element != _element) { (_element, _start, _furthest) = (value.Element, Stopwatch.GetTimestamp(), 0); }
            if (Stopwatch.GetElapsedTime(_drawn) < s_interval || value.BytesDone < _furthest) { return; }
            (_drawn, _furthest, _visible) = (Stopwatch.GetTimestamp(), value.BytesDone, true);
            Console.Error.Write($"\r\e[2K{Text(value, Stopwatch.GetElapsedTime(_start))}");
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>Takes the line away, until the next report.</summary>
    internal void Hide()
    {
        lock (_lock)
        {
            if (_visible) { Console.Error.Write("\r\e[2K"); }
            _visible = false;
        }
    }

    public void Dispose() => Hide();

    internal static string Text(LoadProgress value, TimeSpan elapsed)
    {
        double part = value.BytesTotal == 0 ? 1 : (double)value.BytesDone / value.BytesTotal;
        double rate = value.BytesDone / Math.Max(elapsed.TotalSeconds, 1e-6);
        int filled = (int)(part * BarWidth);
        string left = part is 0 or >= 1 ? "" : $", {Words.Time(TimeSpan.FromSeconds((value.BytesTotal - value.BytesDone) / rate))} left";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{SafeText.Cut(SafeText.OneLine(value.Element), 30)} {new string('█', filled)}{new string('░', BarWidth - filled)} {part,4:P0}"
            + $"  {Words.Bytes(value.BytesDone)} of {Words.Bytes(value.BytesTotal)}, {Words.Bytes((long)rate)}/s{left}");
    }
}
