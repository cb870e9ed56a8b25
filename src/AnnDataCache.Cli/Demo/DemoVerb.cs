using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using AnnDataCache.Cli.Demo;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Shows what the cache is for: one process loads, another has the same bytes at once.</summary>
internal sealed class DemoVerb : Verb
{
    private readonly Argument<string?> _file =
        new("FILE") { Description = "An .h5ad file [default: the sample that comes with this program].", Arity = ArgumentArity.ZeroOrOne };

    internal override string Name => "demo";
    protected override string Summary => "Load a file in this process, read it in a second one, and compare. Leaves nothing behind.";
    protected override string Example => "demo pbmc3k.h5ad";
    protected override IEnumerable<Symbol> Symbols => [_file];

    protected override int Execute(Session session)
    {
        CommonOptions.Read(session.Parsed); // --workers and --hot-bytes count here too; the folders are the demonstration's own
        string file = session.Parsed.GetValue(_file) ?? FindSample();
        using DemoFolders folders = new();
        folders.Use();
        using Cache cache = Cache.Open();
        using CachedAnnData source = cache.Open(file, session.Cancellation);
        using DemoReading first = DemoReading.Of(source, session.Cancellation);
        SharedMemory alone = first.Measure();
        using SecondProcess other = new(source.Path, session.Cancellation);
        IReadOnlyList<DemoElement> second = other.ReadElements(session.Cancellation);
        SharedMemory? there = other.Measure(session.Cancellation);
        Comparison result = new(source, first, alone, first.Measure(), other.Id, second, there);
        if (session.Json) { Session.WriteJson(result.WriteJson); }
        else { result.WriteText(session.Out, folders.Hot); }
        return result.IsEqual ? ExitCodes.Done : ExitCodes.ProblemsFound;
    }

    private static string FindSample()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string samples = Path.Join(folder.FullName, "samples");
            if (Directory.Exists(samples) && Directory.EnumerateFiles(samples, "*.h5ad").Order(StringComparer.Ordinal).FirstOrDefault() is { } sample)
            {
                return sample;
            }
        }

        throw new UsageException("No sample lies beside this program. Give a file: anndata-cache demo FILE");
    }

    /// <summary>What both processes have seen.</summary>
    private sealed record Comparison(
        CachedAnnData Source, DemoReading First, SharedMemory Alone, SharedMemory Here, int OtherId,
        IReadOnlyList<DemoElement> Second, SharedMemory? There)
    {
        private TimeSpan SecondCost => TimeSpan.FromTicks(Second.Sum(element => element.Cost.Ticks));

        internal bool IsEqual => First.Elements.Count == Second.Count
            && First.Elements.Zip(Second).All(pair => pair.First.Path == pair.Second.Path && pair.First.Sum == pair.Second.Sum)
            && There is not null && Here.Inodes.SequenceEqual(There.Inodes);

        internal void WriteText(TextWriter writer, string folder)
        {
            writer.WriteLine($"{SafeText.OneLine(Path.GetFileName(Source.Path))}: {Words.Count(Source.ObsCount, "cell")} × {Words.Count(Source.VarCount, "gene")}");
            writer.WriteLine($"A cache in {folder}, read by process {Environment.ProcessId} (loads) and process {OtherId} (finds).");
            writer.WriteLine();
            TextTable table = new TextTable("element", "bytes", "first load", "second process", "same bytes").Right(1, 2, 3);
            foreach (DemoElement element in First.Elements)
            {
                DemoElement? twin = Second.FirstOrDefault(other => other.Path == element.Path);
                string hit = twin is null ? "missing" : Words.Time(twin.Cost) + (twin.Loaded ? " (loaded)" : "");
                table.Add(
                    element.Path, Words.Bytes(element.Bytes), Words.Time(element.Cost), hit,
                    twin?.Sum == element.Sum ? $"yes  {element.Sum[..12]}" : "NO");
            }

            table.Write(writer);
            writer.WriteLine();
            writer.WriteLine($"First load       {Words.Time(First.Cost)} for {Words.Bytes(First.Bytes)}");
            writer.WriteLine($"Second process   {Words.Time(SecondCost)}{Ratio()}");
            WriteMemory(writer);
            writer.WriteLine();
            writer.WriteLine(IsEqual
                ? "Both processes see the same memory: loaded once, there for everyone. Try it: anndata-cache load FILE --all"
                : "The two processes do not agree. That must not happen: please report it with the table above.");
        }

        private string Ratio() => SecondCost <= TimeSpan.Zero
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", {First.Cost / SecondCost:F0} times faster");

        private void WriteMemory(TextWriter writer)
        {
            writer.WriteLine($"Memory, alone    {Words.Bytes(Alone.Proportional)} counted for process {Environment.ProcessId}");
            if (There is null) { return; }
            writer.WriteLine(
                $"Memory, both     {Words.Bytes(Here.Proportional)} + {Words.Bytes(There.Proportional)}: each sees {Words.Bytes(There.Resident)}, counted once for both");
            int common = Here.Inodes.Intersect(There.Inodes).Count();
            writer.WriteLine($"Files            {common} of {Here.Inodes.Count} mapped files have the same inode in both: one copy of each");
        }

        internal void WriteJson(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("file", Source.Path);
            writer.WriteBoolean("equal", IsEqual);
            WriteSide(writer, "first", Environment.ProcessId, First.Elements, Here);
            WriteSide(writer, "second", OtherId, Second, There);
            writer.WriteEndObject();
        }

        private static void WriteSide(
            Utf8JsonWriter writer, string name, int process, IReadOnlyList<DemoElement> elements, SharedMemory? memory)
        {
            writer.WriteStartObject(name);
            writer.WriteNumber("process", process);
            writer.WriteNumber("resident_bytes", memory?.Resident ?? 0);
            writer.WriteNumber("proportional_bytes", memory?.Proportional ?? 0);
            writer.WriteStartArray("inodes");
            foreach (long inode in memory?.Inodes ?? []) { writer.WriteNumberValue(inode); }
            writer.WriteEndArray();
            writer.WriteStartArray("elements");
            foreach (DemoElement element in elements)
            {
                writer.WriteStartObject();
                writer.WriteString("element", element.Path);
                writer.WriteString("result", element.Loaded ? "loaded" : "hit");
                writer.WriteNumber("bytes", element.Bytes);
                writer.WriteNumber("seconds", element.Cost.TotalSeconds);
                writer.WriteString("sha256", element.Sum);
                writer.WriteString("part", element.Part);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }
    }
}
