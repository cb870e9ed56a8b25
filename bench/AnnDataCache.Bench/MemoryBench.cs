using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AnnDataCache.Bench;

/// <summary>The private memory that a load of all elements takes, file by file: chunks in flight and a fixed amount.</summary>
internal static class MemoryBench
{
    internal static int Run(IReadOnlyList<string> files)
    {
        using BenchStore store = new();
        CultureInfo culture = CultureInfo.InvariantCulture;
        StringBuilder text = new();
        text.AppendLine("# Private memory of a load").AppendLine();
        text.AppendLine("Peak of `RssAnon` while `load --all` fills a hot tier with two workers; the parts themselves are shared memory and not in it.").AppendLine();
        text.AppendLine("| file | bytes | bytes of its parts | seconds | peak private memory |").AppendLine("|---|---|---|---|---|");
        foreach (string file in files)
        {
            store.Empty();
            MeasuredProcess load = store.Execute("load", file, "--all", "--json");
            string row = string.Create(culture,
                $"| {Path.GetFileName(file)} | {new FileInfo(file).Length / 1e6:F0} MB | {PartBytes(store) / 1e6:F0} MB | {load.Seconds:F2} | {load.PrivateBytes / 1e6:F0} MB |");
            Console.Error.WriteLine(row);
            text.AppendLine(row);
        }

        Console.WriteLine(text);
        BenchStore.Save("memory.md", text.ToString());
        return 0;
    }

    internal static long PartBytes(BenchStore store)
    {
        using JsonDocument list = JsonDocument.Parse(store.Execute("ls", "--json").Output);
        return list.RootElement.GetProperty("parts").EnumerateArray().Sum(part => part.GetProperty("bytes").GetInt64());
    }
}
