using System.Runtime.InteropServices;
using System.Text.Json;

namespace AnnDataCache.Bench;

/// <summary>Every way to a file's values in turn, each in a process of its own; nothing is reported unless all give the same values.</summary>
internal static partial class CompareBench
{
    private static readonly string[] s_ways = ["h5py", "read_hdf", "np_load", "redis", "shared_memory"];

    private static readonly Dictionary<string, string> s_names = new()
    {
        ["h5py"] = "h5py into numpy", ["read_hdf"] = "pandas.read_hdf of a copy, X alone", ["np_load"] = "np.load from tmpfs, X alone",
        ["redis"] = "Redis GET and pickle, X alone", ["shared_memory"] = "multiprocessing.shared_memory, X alone, one pass",
    };

    internal static string Script(string name) => Path.Join(BenchStore.Root(), "bench", name);

    /// <param name="folder">Where the files are, and where those that are missing are written.</param>
    /// <param name="names">Of files; empty for all that the generator knows.</param>
    /// <param name="rounds">Rounds that count; one more goes before.</param>
    /// <param name="cold">Also with a cold page cache.</param>
    internal static int Run(string folder, IReadOnlyList<string> names, int rounds, bool cold)
    {
        MeasuredProcess made = MeasuredProcess.Run("/usr/bin/python3", [Script("make_files.py"), folder, .. names], new Dictionary<string, string>());
        Console.Error.Write(made.Output);
        IEnumerable<string> files = names.Count > 0
            ? names.Select(name => Path.Join(folder, name + ".h5ad"))
            : Directory.GetFiles(folder, "*.h5ad").Where(file => !file.EndsWith(".twin.h5ad", StringComparison.Ordinal)).Order();
        foreach (string file in files.Where(File.Exists))
        {
            Comparison comparison = Measure(file, rounds, cold, s_ways);
            BenchStore.Save($"compare-{comparison.File}.json", JsonSerializer.Serialize(comparison, ComparisonJson.Default.Comparison) + "\n");
            Console.WriteLine(CompareTables.Of(comparison));
        }

        CompareTables.SaveSummary();
        return 0;
    }

    internal static Comparison Measure(string file, int rounds, bool cold, IReadOnlyList<string> ways)
    {
        using BenchStore store = new();
        string scratch = Path.Join(store.HotFolder, "others"), twin = Path.ChangeExtension(file, ".twin.h5ad");
        Link(file, twin);
        try
        {
            using Session session = new(store, file, twin, Directory.CreateDirectory(scratch).FullName);
            session.PrepareOurs();
            session.PrepareMapped();
            foreach (string way in ways) { session.Prepare(way); }
            for (int round = 0; round <= rounds; round++)
            {
                store.SamplesMemory = round == 0; // the round that does not count
                session.RunTheirs("read_h5ad", Comparison.Theirs, isCold: false);
                session.RunOurs(isCold: false);
                session.RunSteady();
                session.RunHuge();
                session.RunMapped();
                session.RunFloors();
                foreach (string way in ways) { session.RunTheirs(way, s_names[way], isCold: false); }
                if (cold)
                {
                    session.RunTheirs("read_h5ad", Comparison.Theirs + Comparison.Cold, isCold: true);
                    session.RunOurs(isCold: true);
                }

                if (round == 0) { session.Forget(); } // it warmed the page cache
                Console.Error.WriteLine($"{Path.GetFileName(file)}: round {round} of {rounds}");
            }

            return new Comparison(Path.GetFileNameWithoutExtension(file), new FileInfo(file).Length, session.PartBytes, rounds, session.Contenders);
        }
        finally
        {
            File.Delete(twin);
            File.Delete(Path.ChangeExtension(file, ".floor"));
            MeasuredProcess.Run("/usr/bin/python3", [Script("contenders.py"), "clean", "all", file, scratch], store.Variables, mayFail: true);
        }
    }

    private static void Link(string file, string twin)
    {
        File.Delete(twin);
        MeasuredProcess.Run("/bin/ln", [file, twin], new Dictionary<string, string>());
    }

    /// <summary>Takes a file out of the page cache.</summary>
    internal static void Chill(string file)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(file);
        const int DontNeed = 4;
        _ = Advise((int)handle.DangerousGetHandle(), 0, 0, DontNeed);
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(int file, long offset, long length, int advice);
}
