using AnnDataCache.Bench;

// bench FILE.h5ad [--rounds N]   load, first hit, repeat hit and memory beside anndata.read_h5ad, in one run
// bench memory FILE.h5ad …       private memory of a load, file by file
// bench scale                    a hit, a reservation and the statistics by the number of parts
// bench genes FILE.h5ad …         genes, cells and twins beside scipy
// bench replay                   eviction policies on generated traces

if (args is [] or ["--help"] or ["-h"])
{
    Console.WriteLine("""
        Times a load, hits and memory of anndata-cache beside anndata.read_h5ad, in turn, on one file.

          dotnet run -c Release --project bench/AnnDataCache.Bench -- FILE.h5ad [--rounds N] [--element X]
          dotnet run -c Release --project bench/AnnDataCache.Bench -- memory FILE.h5ad …
          dotnet run -c Release --project bench/AnnDataCache.Bench -- scale
          dotnet run -c Release --project bench/AnnDataCache.Bench -- genes FILE.h5ad …
          dotnet run -c Release --project bench/AnnDataCache.Bench -- replay

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
        "genes" => GenesBench.Run(args[1..], rounds: 3),
        "replay" => ReplayBench.Run(),
        _ => LoadBench.Run(BenchArguments.Parse(args)),
    };
}
catch (Exception error) when (error is IOException or FormatException or InvalidOperationException)
{
    Console.Error.WriteLine($"bench: {error.Message}");
    return 2;
}
