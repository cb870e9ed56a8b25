using System.CommandLine;
using System.Text.Json;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>What one call works with: the parsed line, the store, the streams and the cancellation.</summary>
internal sealed class Session(ParseResult parsed, CancellationToken cancellation) : IDisposable
{
    private Cache? _cache;
    private TextWriter? _out;

    internal ParseResult Parsed { get; } = parsed;

    internal CancellationToken Cancellation { get; } = cancellation;

    /// <summary>True when scripts read stdout.</summary>
    internal bool Json { get; } = parsed.GetValue(CommonOptions.Json);

    /// <summary>stdout for people.</summary>
    internal TextWriter Out => _out ??= new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = !Console.IsOutputRedirected };

    /// <summary>The store with the settings of the environment and this call. Opened when first asked for.</summary>
    internal Cache Cache => _cache ??= Cache.Open(CommonOptions.Read(Parsed));

    internal CachedAnnData OpenSource(string path) => Cache.Open(path, Cancellation);

    /// <summary>Writes one JSON document to stdout.</summary>
    internal static void WriteJson(Action<Utf8JsonWriter> write) =>
        JsonOutput.Write(Console.OpenStandardOutput(), indented: true, write);

    /// <summary>Writes one JSON object as one line to stdout.</summary>
    internal static void WriteJsonLine(Action<Utf8JsonWriter> write) =>
        JsonOutput.Write(Console.OpenStandardOutput(), indented: false, write);

    /// <summary>Shows what is written, and gives up cold copies when the call was interrupted.</summary>
    public void Dispose()
    {
        _out?.Flush();
        if (_cache is null) { return; }
        if (Cancellation.IsCancellationRequested)
        {
            try { _cache.FlushAsync(Cancellation).GetAwaiter().GetResult(); }
            catch (OperationCanceledException) { /* they are given up: that was the wish */ }
        }

        _cache.Dispose();
    }
}
