using AnnDataCache.Bench;
using AnnDataCache.Bench.Soak;

// bench FILE.h5ad [--rounds N]   load, first hit, repeat hit and memory beside anndata.read_h5ad, in one run
// bench memory FILE.h5ad …       private memory of a load, file by file
// bench scale                    a hit, a reservation and the statistics by the number of parts
// bench objects                  gets, puts and overwrites of objects, and a CSV file beside pandas
// bench replay                   eviction policies on generated traces
// bench soak [--minutes N]       many processes that read, load, evict, rewrite and are killed; every read is checked

if (args is [] or ["--help"] or ["-h"])
{
    Console.WriteLine("""
        Times a load, hits and memory of anndata-cache beside anndata.read_h5ad, in turn, on one file.

          dotnet run -c Release --project bench/AnnDataCache.Bench -- FILE.h5ad [--rounds N] [--element X]
          dotnet run -c Release --project bench/AnnDataCache.Bench -- memory FILE.h5ad …
          dotnet run -c Release --project bench/AnnDataCache.Bench -- scale
          dotnet run -c Release --project bench/AnnDataCache.Bench -- objects
          dotnet run -c Release --project bench/AnnDataCache.Bench -- replay
          dotnet run -c Release --project bench/AnnDataCache.Bench -- soak [--minutes 60] [--processes 16] [--round 30] [--pace 0.4]
              [--hot 400MB] [--cold 300MB] [--cells 80000] [--seed 1] [--folder /tmp/soak]

        Needs the published executable (dotnet publish src/AnnDataCache.Cli -c Release) and python3 with anndata.
        Writes tables to bench/results/<cpu>.
        """);
    return 0;
}

try
{
    return args[0] switch
    {
        "memory" => MemoryBench.Run(args[1..]),
        "scale" => ScaleBench.Run(),
        "objects" => ObjectBench.Run(),
        "replay" => ReplayBench.Run(),
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
