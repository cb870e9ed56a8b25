using BenchmarkDotNet.Running;

// Components one by one: dotnet run -c Release --project bench/AnnDataCache.Micro -- --filter '*Codecs*'
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
