using System.Diagnostics;

namespace AnnDataCache.Cli.Demo;

/// <summary>The other process of the demonstration, which shares the store. Ended when disposed.</summary>
internal sealed class SecondProcess : IDisposable
{
    private readonly Process _process;
    private readonly CancellationTokenRegistration _registration;

    internal SecondProcess(string file, CancellationToken cancellation)
    {
        string self = Environment.ProcessPath ?? throw new UsageException("The system does not tell where this program lies.");
        ProcessStartInfo start = new(self) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(self) == "dotnet")
        {
            start.ArgumentList.Add(Path.Join(AppContext.BaseDirectory, "anndata-cache.dll"));
        }

        start.ArgumentList.Add("demo-reader");
        start.ArgumentList.Add(file);
        _process = Process.Start(start)!;
        _registration = cancellation.Register(() => _process.Kill());
    }

    internal int Id => _process.Id;

    /// <summary>What it has read; returns when it holds everything.</summary>
    internal IReadOnlyList<DemoElement> ReadElements(CancellationToken cancellation)
    {
        List<DemoElement> elements = [];
        while (ReadLine(cancellation) is { } line && line != DemoProtocol.Ready)
        {
            if (DemoElement.Parse(line) is { } element) { elements.Add(element); }
        }

        return elements;
    }

    internal SharedMemory? Measure(CancellationToken cancellation)
    {
        _process.StandardInput.WriteLine(DemoProtocol.Measure);
        _process.StandardInput.Flush();
        return SharedMemory.Parse(ReadLine(cancellation));
    }

    public void Dispose()
    {
        _registration.Dispose();
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10))) { _process.Kill(); }
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>Null when it has ended, of itself or by the cancellation.</summary>
    private string? ReadLine(CancellationToken cancellation)
    {
        string? line = _process.StandardOutput.ReadLine();
        cancellation.ThrowIfCancellationRequested();
        return line;
    }
}
