using System.Globalization;
using System.Text.Json;

namespace AnnDataCache.Bench;

/// <summary>One file's comparison while it runs.</summary>
internal sealed class Session(BenchStore store, string file, string twin, string scratch)
{
    private const double SpareRoom = 1.05;

    private readonly Dictionary<string, string> _steady = new(store.Variables);
    private string? _sha256, _floorFile;

    internal List<Contender> Contenders { get; } = [];

    /// <summary>Bytes of all parts of the file.</summary>
    internal long PartBytes { get; private set; }

    private string Element => Path.GetFileName(file).StartsWith("obs", StringComparison.Ordinal) ? "obs" : "X";

    /// <summary>Loads once, to learn how large the parts are, and writes their bytes to a file for cp.</summary>
    internal void PrepareOurs()
    {
        store.EmptyHot();
        store.Execute("load", file, "--all", "--json");
        string[] parts = Directory.GetFiles(Path.Join(store.HotFolder, "hot", "parts"));
        PartBytes = parts.Sum(part => (new FileInfo(part).Length + 4095) / 4096 * 4096);
        _steady["ANNDATA_CACHE_HOT_BYTES"] = ((long)(PartBytes * SpareRoom)).ToString(CultureInfo.InvariantCulture);
        _floorFile = Path.ChangeExtension(file, ".floor");
        using FileStream all = File.Create(_floorFile);
        foreach (string part in parts)
        {
            using FileStream one = File.OpenRead(part);
            one.CopyTo(all);
        }
    }

    internal void Prepare(string way)
    {
        MeasuredProcess.Run("/usr/bin/python3", [CompareBench.Script("contenders.py"), "prepare", way, file, scratch], store.Variables, mayFail: true);
    }

    internal void RunTheirs(string way, string name, bool isCold)
    {
        if (isCold) { CompareBench.Chill(file); }
        MeasuredProcess run = MeasuredProcess.Run("/usr/bin/python3", [CompareBench.Script("contenders.py"), "run", way, file, scratch], store.Variables);
        AddPython(name, run);
    }

    internal void RunOurs(bool isCold)
    {
        store.EmptyHot();
        if (isCold) { CompareBench.Chill(file); }
        MeasuredProcess load = store.Execute("load", file, "--all", "--json");
        Find(Comparison.Ours + (isCold ? Comparison.Cold : "")).Add(load.Seconds, load.CpuSeconds, load.PrivateBytes);
        if (!isCold) { AddPython(Comparison.Hit, ReadPart(load.Output)); }
    }

    /// <summary>Loads the file under its other name into a tier that is full of the parts of the first, and has been for a while.</summary>
    /// <remarks>The first time that pages are written again the kernel moves each among those in use (docs/decisions/0022): that is no steady state.</remarks>
    internal void RunSteady()
    {
        store.Execute(_steady, "load", twin, "--all", "--json");
        store.Execute(_steady, "load", file, "--all", "--json");
        MeasuredProcess load = store.Execute(_steady, "load", twin, "--all", "--json");
        Find(Comparison.Steady).Add(load.Seconds, load.CpuSeconds, load.PrivateBytes);
        Check(Comparison.Steady, ReadPart(load.Output).Output);
    }

    internal void RunFloors()
    {
        store.EmptyHot();
        MeasuredProcess copy = MeasuredProcess.Run("/bin/cp", [_floorFile!, Path.Join(store.HotFolder, "copy")], store.Variables);
        File.Delete(Path.Join(store.HotFolder, "copy"));
        Find(Comparison.Copy).Add(copy.Seconds, copy.CpuSeconds, copy.PrivateBytes);
        string self = Environment.ProcessPath!;
        MeasuredProcess floors = MeasuredProcess.Run(
            self, ["floor", file, PartBytes.ToString(CultureInfo.InvariantCulture), store.HotFolder], store.Variables);
        using JsonDocument found = JsonDocument.Parse(floors.Output);
        foreach ((string name, string member) in ((string, string)[])[(Comparison.Inflate, "inflate"), (Comparison.Pages, "pages"), (Comparison.Memory, "copy")])
        {
            Find(name).Add(found.RootElement.GetProperty(member).GetDouble(), 0, 0);
        }
    }

    internal void Forget()
    {
        foreach (Contender contender in Contenders)
        {
            contender.Seconds.Clear();
            contender.Cpu.Clear();
        }
    }

    private MeasuredProcess ReadPart(string loaded)
    {
        foreach (string line in loaded.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using JsonDocument element = JsonDocument.Parse(line);
            if (element.RootElement.GetProperty("element").GetString() != Element) { continue; }
            string part = element.RootElement.GetProperty("file").GetString()!;
            return MeasuredProcess.Run("/usr/bin/python3", [CompareBench.Script("contenders.py"), "run", "part", file, part], store.Variables);
        }

        throw new InvalidOperationException($"'{Element}' is not among what was loaded: {loaded}");
    }

    private void AddPython(string name, MeasuredProcess run)
    {
        using JsonDocument found = JsonDocument.Parse(run.Output);
        if (found.RootElement.TryGetProperty("skipped", out JsonElement why))
        {
            Find(name).Skipped = why.GetString();
            return;
        }

        Check(name, run.Output);
        Find(name).Add(found.RootElement.GetProperty("seconds").GetDouble(), found.RootElement.GetProperty("cpu").GetDouble(), run.PrivateBytes);
    }

    private void Check(string name, string output)
    {
        using JsonDocument found = JsonDocument.Parse(output);
        string sha256 = found.RootElement.GetProperty("sha256").GetString()!;
        _sha256 ??= sha256;
        if (sha256 != _sha256) { throw new InvalidOperationException($"{Path.GetFileName(file)}: '{name}' gives other values than the first contender."); }
    }

    private Contender Find(string name)
    {
        if (Contenders.Find(contender => contender.Name == name) is { } known) { return known; }
        Contenders.Add(new Contender(name));
        return Contenders[^1];
    }
}
