namespace AnnDataCache.Micro;

/// <summary>One chunk's worth of a sparse matrix of counts, as h5py cuts them: rising column numbers and small values.</summary>
internal static class Counts
{
    internal const int Values = 29_654;

    internal const int Columns = 20_000;

    internal static int[] Indices()
    {
        Random random = new(7);
        int[] indices = new int[Values];
        int column = 0;
        for (int i = 0; i < Values; i++)
        {
            column += 1 + (int)(-16 * Math.Log(1 - random.NextDouble()));
            indices[i] = column < Columns ? column : column = random.Next(20);
        }

        return indices;
    }

    internal static float[] Data()
    {
        Random random = new(8);
        float[] data = new float[Values];
        for (int i = 0; i < Values; i++) { data[i] = 1 + (int)(-0.8 * Math.Log(1 - random.NextDouble())); }
        return data;
    }
}
