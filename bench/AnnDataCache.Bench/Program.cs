using AnnDataCache.Bench;
using AnnDataCache.Bench.Soak;

// bench FILE.h5ad [--rounds N]   load, first hit, repeat hit and memory beside anndata.read_h5ad, in one run
// bench compare FOLDER [NAME …]  every way to a file's values, side by side
// bench check FOLDER [NAME …]    the same ratios against the stored ones
// bench hits FILE                hits, a cold part after a reboot, the executable's answer, memory of many readers
// bench memory FILE.h5ad …       private memory of a load, file by file
// bench scaling FOLDER           rate and private memory of a load by size and by threads
// bench zarr V3.zarr V2.zarr     X of a sharded store beside zarr-python and beside the codec alone
// bench scale                    a hit, a reservation and the statistics by the number of parts
// bench genes FILE.h5ad …         genes, cells and twins beside scipy
// bench summary FILE.h5ad        numbers of dot plots and mini-batches, on a file of bench/make_cells.py
// bench objects                  gets, puts and overwrites of objects, and a CSV file beside pandas
// bench replay                   eviction policies on generated traces
// bench soak [--minutes N]       many processes that read, load, evict, rewrite and are killed; every read is checked

if (args.Length == 0 || args.Contains("--help") || args.Contains("-h"))
{
    Console.WriteLine("""
        Times a load, hits and memory of anndata-cache beside anndata.read_h5ad, in turn, on one file.

          dotnet run -c Release --project bench/AnnDataCache.Bench -- FILE.h5ad [--rounds N] [--element X]
          dotnet run -c Release --project bench/AnnDataCache.Bench -- compare FOLDER [NAME …] [--rounds N] [--cold]
          dotnet run -c Release --project bench/AnnDataCache.Bench -- check FOLDER [NAME …]
          dotnet run -c Release --project bench/AnnDataCache.Bench -- hits FILE.h5ad
          dotnet run -c Release --project bench/AnnDataCache.Bench -- memory FILE.h5ad …
          dotnet run -c Release --project bench/AnnDataCache.Bench -- scaling FOLDER
          dotnet run -c Release --project bench/AnnDataCache.Bench -- zarr V3.zarr V2.zarr
          dotnet run -c Release --project bench/AnnDataCache.Bench -- scale
          dotnet run -c Release --project bench/AnnDataCache.Bench -- objects
          dotnet run -c Release --project bench/AnnDataCache.Bench -- genes FILE.h5ad …
          dotnet run -c Release --project bench/AnnDataCache.Bench -- replay
          dotnet run -c Release --project bench/AnnDataCache.Bench -- summary FILE.h5ad [--rounds N]
          dotnet run -c Release --project bench/AnnDataCache.Bench -- soak [--minutes 60] [--processes 16] [--round 30] [--pace 0.4]
              [--hot 400MB] [--cold 300MB] [--cells 80000] [--seed 1] [--folder /tmp/soak] [--memory /dev/shm/soak] [--plant KIND]

        Needs the published executable (dotnet publish src/AnnDataCache.Cli -c Release) and python3 with anndata.
        Writes tables to bench/results/<cpu>.
        """);
    return 0;
}

try
{
    return args[0] switch
    {
        "compare" => Compare(args[1..]),
        "check" => RatioCheck.Run(args[1], args[2..]),
        "floor" => FloorProcess.Run(args[1], long.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture), args[3], args[4]),
        "hits" => HitBench.Run(BenchArguments.Parse(args[1..])),
        "memory" => MemoryBench.Run(args[1..]),
        "scaling" => ScalingBench.Run(Path.GetFullPath(args[1])),
        "zarr" => ZarrBench.Run(Path.GetFullPath(args[1]), Path.GetFullPath(args[2]), rounds: 7),
        "scale" => ScaleBench.Run(),
        "objects" => ObjectBench.Run(),
        "genes" => GenesBench.Run(args[1..], rounds: 3),
        "replay" => ReplayBench.Run(),
        "summary" => SummaryBench.Run(BenchArguments.Parse(args[1..])),
        "soak" => SoakBench.Run(args[1..]),
        "soak-worker" => SoakWorker.Run(args[1..]),
        "soak-probe" => SoakProbe.Run(args[1..]),
        _ => LoadBench.Run(BenchArguments.Parse(args)),
    };
}
catch (Exception error) when (error is IOException or FormatException or InvalidOperationException)
{
    Console.Error.WriteLine($"bench: {error.Message}");
    return 2;
}

static int Compare(string[] args)
{
    List<string> words = [.. args];
    bool cold = words.Remove("--cold");
    int at = words.IndexOf("--rounds"), rounds = at < 0 ? 5 : int.Parse(words[at + 1], System.Globalization.CultureInfo.InvariantCulture);
    if (at >= 0) { words.RemoveRange(at, 2); }
    return CompareBench.Run(Path.GetFullPath(words[0]), words[1..], rounds, cold);
}
