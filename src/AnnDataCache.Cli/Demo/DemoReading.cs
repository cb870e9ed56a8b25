using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace AnnDataCache.Cli.Demo;

/// <summary>Words that the two processes of the demonstration exchange, one a line.</summary>
internal static class DemoProtocol
{
    internal const string Ready = "ready";
    internal const string Measure = "measure";
}

/// <summary>One element as one process got it.</summary>
/// <param name="Sum">SHA-256 of the part's bytes as that process sees them.</param>
internal sealed record DemoElement(string Path, bool Loaded, long Bytes, TimeSpan Cost, string Sum, string Part)
{
    /// <summary>The path comes last, since it may hold anything but a line end.</summary>
    internal string ToLine() => string.Create(
        CultureInfo.InvariantCulture, $"element {(Loaded ? 1 : 0)} {Bytes} {Cost.Ticks} {Sum} {Part} {Path}");

    internal static DemoElement? Parse(string line)
    {
        string[] fields = line.Split(' ', 7);
        return fields is ["element", string loaded, string bytes, string ticks, string sum, string part, string path]
            && long.TryParse(bytes, CultureInfo.InvariantCulture, out long size) && long.TryParse(ticks, CultureInfo.InvariantCulture, out long time)
            ? new DemoElement(path, loaded == "1", size, TimeSpan.FromTicks(time), sum, part)
            : null;
    }
}

/// <summary>All elements of a file as one process holds them.</summary>
internal sealed class DemoReading : IDisposable
{
    private readonly List<PinnedElement> _pins = [];
    private readonly List<DemoElement> _elements = [];

    internal IReadOnlyList<DemoElement> Elements => _elements;

    internal TimeSpan Cost => TimeSpan.FromTicks(_elements.Sum(element => element.Cost.Ticks));

    internal long Bytes => _elements.Sum(element => element.Bytes);

    /// <summary>Pins every element that can be read, and then reads every byte of it.</summary>
    internal static DemoReading Of(CachedAnnData source, CancellationToken cancellation)
    {
        DemoReading reading = new();
        try
        {
            foreach (ElementInfo part in source.Tree.Parts()) { reading.Add(source, part.Path, cancellation); }
            return reading;
        }
        catch
        {
            reading.Dispose();
            throw;
        }
    }

    /// <summary>What this process has mapped of the parts.</summary>
    internal SharedMemory Measure() => SharedMemory.OfThisProcess(_elements.Select(element => element.Part).ToHashSet(StringComparer.Ordinal));

    public void Dispose()
    {
        foreach (PinnedElement pin in _pins) { pin.Dispose(); }
    }

    private void Add(CachedAnnData source, string path, CancellationToken cancellation)
    {
        try
        {
            long start = Stopwatch.GetTimestamp();
            PinnedElement pinned = source.Pin(path, null, cancellation);
            TimeSpan cost = Stopwatch.GetElapsedTime(start);
            _pins.Add(pinned);
            using SHA256 hash = SHA256.Create();
            using (CryptoStream sink = new(Stream.Null, hash, CryptoStreamMode.Write)) { pinned.CopyTo(sink); }
            string sum = Convert.ToHexStringLower(hash.Hash!);
            _elements.Add(new DemoElement(path, pinned.Loaded, pinned.Bytes, cost, sum, Path.GetFileName(pinned.PartFile)));
        }
        catch (ElementException)
        {
            // an element that cannot be read takes no part in the demonstration; 'inspect' tells of it
        }
    }
}
