using System.Globalization;
using System.Text.Json;

namespace AnnDataCache.Bench;

/// <summary>One file's comparison while it runs.</summary>
internal sealed class Session(BenchStore store, string file, string twin, string scratch) : IDisposable
{
    private const double SpareRoom = 1.05;

    private readonly Dictionary<string, string> _steady = new(store.Variables);
    private readonly Dictionary<string, string> _withCold = new(store.Variables);
    private readonly string _cold = Directory.CreateTempSubdirectory("bench-cold-").FullName;
    private readonly string? _huge = store.TryMountHuge();
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

    /// <summary>Fills a tier in memory so that it has to evict what the tier on disk has too.</summary>
    internal void PrepareMapped()
    {
        _withCold["ANNDATA_CACHE_HOT_FOLDER"] = Path.Join(store.HotFolder, "evicting");
        _withCold["ANNDATA_CACHE_HOT_BYTES"] = _steady["ANNDATA_CACHE_HOT_BYTES"];
        _withCold["ANNDATA_CACHE_FOLDER"] = _cold;
        _withCold["ANNDATA_CACHE_COLD_BYTES"] = (3 * PartBytes).ToString(CultureInfo.InvariantCulture);
        store.Execute(_withCold, "load", file, "--all", "--json");
        store.Execute(_withCold, "load", twin, "--all", "--json");
    }

    internal void Prepare(string way)
    {
        MeasuredProcess.Run("/usr/bin/python3", [CompareBench.Script("contenders.py"), "prepare", way, file, scratch], store.Variables, mayFail: true);
    }

    internal void RunTheirs(string way, string name, bool isCold)
    {
        if (isCold) { CompareBench.Chill(file); }
        AddPython(name, RunPython("run", way, file, scratch));
    }

    internal void RunOurs(bool isCold)
    {
        store.EmptyHot();
        if (isCold) { CompareBench.Chill(file); }
        MeasuredProcess load = store.Execute("load", file, "--all", "--json");
        Find(Comparison.Ours + (isCold ? Comparison.Cold : "")).Add(load.Seconds, load.CpuSeconds, load.PrivateBytes);
        if (isCold) { return; }
        AddPython(Comparison.Hit, ReadPart(load.Output));
        store.EmptyHot();
        MeasuredProcess one = store.Execute("load", file, Element, "--json");
        Find(Comparison.OneNew).Add(one.Seconds, one.CpuSeconds, one.PrivateBytes);
    }

    /// <summary>Loads the file under one name into a tier that is full of the parts of the other, and has been for a while.</summary>
    /// <remarks>The first time that pages are written again the kernel moves each among those in use (docs/decisions/0022): that is no steady state.</remarks>
    internal void RunSteady()
    {
        MeasuredProcess load = LoadSteady(Comparison.Steady, _steady);
        Check(Comparison.Steady, ReadPart(load.Output).Output);
        store.Execute(_steady, "evict", file);
        MeasuredProcess one = store.Execute(_steady, "load", file, Element, "--json");
        Find(Comparison.OneSteady).Add(one.Seconds, one.CpuSeconds, one.PrivateBytes);
    }

    /// <summary>What memory had no room for is not loaded again: its cold part is mapped where it lies.</summary>
    internal void RunMapped()
    {
        MeasuredProcess load = store.Execute(_withCold, "load", file, "--all", "--json");
        if (load.Output.Contains("\"loaded\"", StringComparison.Ordinal)) { throw new InvalidOperationException($"A cold part is missing: {load.Output}"); }
        Find(Comparison.Mapped).Add(load.Seconds, load.CpuSeconds, load.PrivateBytes);
        Check(Comparison.Mapped, ReadPart(load.Output).Output);
    }

    /// <summary>The steady state of a tmpfs with huge pages.</summary>
    internal void RunHuge()
    {
        if (_huge is null) { return; }
        _ = LoadSteady(Comparison.Huge, new Dictionary<string, string>(_steady) { ["ANNDATA_CACHE_HOT_FOLDER"] = Path.Join(_huge, "hot") });
        Directory.Delete(Path.Join(_huge, "hot"), recursive: true);
    }

    /// <summary>Nothing of the source itself is there: all that is loaded takes the place of what is.</summary>
    private MeasuredProcess LoadSteady(string name, Dictionary<string, string> tier)
    {
        store.Execute(tier, "load", twin, "--all", "--json");
        store.Execute(tier, "load", file, "--all", "--json");
        store.Execute(tier, "evict", twin);
        MeasuredProcess load = store.Execute(tier, "load", twin, "--all", "--json");
        Find(name).Add(load.Seconds, load.CpuSeconds, load.PrivateBytes);
        return load;
    }

    internal void RunFloors()
    {
        store.EmptyHot();
        MeasuredProcess copy = store.Run("/bin/cp", [_floorFile!, Path.Join(store.HotFolder, "copy")], store.Variables);
        File.Delete(Path.Join(store.HotFolder, "copy"));
        Find(Comparison.Copy).Add(copy.Seconds, copy.CpuSeconds, copy.PrivateBytes);
        string self = Environment.ProcessPath!;
        MeasuredProcess floors = MeasuredProcess.Time(
            self, ["floor", file, PartBytes.ToString(CultureInfo.InvariantCulture), store.HotFolder, _floorFile!], store.Variables);
        using JsonDocument found = JsonDocument.Parse(floors.Output);
        (string, string)[] members =
        [
            (Comparison.Inflate, "inflate"), (Comparison.Pages, "pages"), (Comparison.Rewrite, "rewrite"), (Comparison.Memory, "copy"),
        ];
        foreach ((string name, string member) in members)
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
            return RunPython("run", "part", file, part);
        }

        throw new InvalidOperationException($"'{Element}' is not among what was loaded: {loaded}");
    }

    private MeasuredProcess RunPython(params string[] words) =>
        store.Run("/usr/bin/python3", [CompareBench.Script("contenders.py"), .. words], store.Variables);

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

    public void Dispose() => Directory.Delete(_cold, recursive: true);

    private Contender Find(string name)
    {
        if (Contenders.Find(contender => contender.Name == name) is { } known) { return known; }
        Contenders.Add(new Contender(name));
        return Contenders[^1];
    }
}
