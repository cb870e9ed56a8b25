namespace AnnDataCache.Tests.Cli;

/// <summary>Numbers that text formats tend to change.</summary>
public sealed class OddNumberTests
{
    [Fact]
    public void PowersOfTwoSurviveCsvBitForBit()
    {
        Python.Require();
        using CommandLine line = new();
        string source = Path.Join(line.Folder, "powers.h5ad"), output = Path.Join(line.Folder, "powers.csv");
        CallResult made = Python.Run(
            """
            import h5py, numpy, sys
            with h5py.File(sys.argv[1], 'w') as f:
                f.attrs['encoding-type'] = 'anndata'
                f.attrs['encoding-version'] = '0.1.0'
                f['powers'] = 2.0 ** numpy.arange(-1074, 1024)
            """, source);
        Assert.True(made.ExitCode == 0, made.Error);
        line.Succeed("export", source, "powers", "-o", output);
        CallResult read = Python.Run(
            """
            import sys
            found = [float(text) for text in open(sys.argv[1]).read().split()[1:]]
            wrong = [(i, x) for i, x in zip(range(-1074, 1024), found) if x != 2.0 ** i]
            assert len(found) == 2098 and not wrong, wrong
            """, output);
        Assert.True(read.ExitCode == 0, read.Error);
    }
}
