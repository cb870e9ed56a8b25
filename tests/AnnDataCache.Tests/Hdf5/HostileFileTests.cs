using System.Diagnostics;
using System.Text;
using AnnDataCache.Containers;
using AnnDataCache.Hdf5;

namespace AnnDataCache.Tests.Hdf5;

/// <summary>Damaged files: whatever their bytes, a container exception comes out, soon, and without much memory.</summary>
public sealed class HostileFileTests(ITestOutputHelper output) : IDisposable
{
    // An array that claims more than this is not read here: its reader would be told first how much it is to reserve.
    private const long MaxRead = 4 << 20;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hdf5-hostile-");

    [Theory]
    [InlineData("links", 1200, 11)]
    [InlineData("userblock", 1200, 12)]
    [InlineData("filters", 300, 13)]
    [InlineData("packed", 40, 16)]
    [InlineData("latest", 100, 14)]
    [InlineData("earliest", 100, 15)]
    public void FlippedBytesGiveValuesOrContainerExceptions(string name, int files, int seed)
    {
        byte[] original = File.ReadAllBytes(SmallFileTests.Small(name + ".h5"));
        Random random = new(seed);
        List<int> structures = FindStructures(original);
        int failures = 0;
        for (int i = 0; i < files; i++)
        {
            byte[] damaged = [.. original];
            for (int flips = 1 + random.Next(8); flips > 0; flips--) { Flip(random, damaged, structures); }
            failures += ReadAll(damaged, $"{name}, seed {seed}, file {i}");
        }

        output.WriteLine($"{failures:N0} nodes refused in {files:N0} files");
        Assert.True(failures > files / 10, "The damage was hardly noticed: was anything read?");
    }

    [Theory]
    [InlineData("links", 150)]
    [InlineData("userblock", 250)]
    [InlineData("filters", 100)]
    [InlineData("packed", 20)]
    [InlineData("latest", 25)]
    [InlineData("earliest", 25)]
    public void TruncatedFilesGiveValuesOrContainerExceptions(string name, int files)
    {
        byte[] original = File.ReadAllBytes(SmallFileTests.Small(name + ".h5"));
        int failures = 0;
        for (int i = 0; i < files; i++)
        {
            failures += ReadAll(original[..(int)((long)original.Length * i / files)], $"{name}, cut {i}");
        }

        Assert.True(failures >= files / 2);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    // Damage that a random byte seldom makes: the largest number, a plausible small one, one that is a little off.
    // Mostly it hits the structures, which are a small part of the bytes.
    private static void Flip(Random random, byte[] bytes, List<int> structures)
    {
        int at = random.Next(4) == 0
            ? random.Next(bytes.Length)
            : Math.Min(bytes.Length - 1, structures[random.Next(structures.Count)] + random.Next(128));
        switch (random.Next(4))
        {
            case 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 1:
                bytes[at] = 0xFF;
                break;
            case 2:
                bytes[at] += (byte)(random.Next(2) == 0 ? 1 : 255);
                break;
            default:
                bytes.AsSpan(at, Math.Min(8, bytes.Length - at)).Fill((byte)(random.Next(2) * 0xFF));
                break;
        }
    }

    private static List<int> FindStructures(ReadOnlySpan<byte> bytes)
    {
        string[] signatures =
        [
            "\u0089HDF", "OHDR", "OCHK", "TREE", "SNOD", "HEAP", "GCOL", "BTHD", "BTLF", "BTIN", "FRHP", "FHDB", "FHIB",
            "FAHD", "FADB", "EAHD", "EAIB", "EASB", "EADB",
        ];
        HashSet<string> known = [.. signatures];
        List<int> found = [];
        for (int i = 0; i <= bytes.Length - 4; i++)
        {
            // Old object headers have no signature: version 1, a zero, few messages, one link.
            bool isOldHeader = bytes[i] == 1 && bytes[i + 1] == 0 && bytes[i + 2] is > 0 and < 32 && i % 8 == 0;
            if (isOldHeader || (bytes[i] > 64 && known.Contains(Encoding.Latin1.GetString(bytes.Slice(i, 4)))))
            {
                found.Add(i);
            }
        }

        return found;
    }

    private int ReadAll(byte[] bytes, string what)
    {
        string path = Path.Join(_folder.FullName, "damaged.h5");
        File.WriteAllBytes(path, bytes);
        long allocated = GC.GetTotalAllocatedBytes(), started = Stopwatch.GetTimestamp();
        int failures = 0;
        try
        {
            using Hdf5File file = Hdf5File.Open(path);
            failures = ReadGroup(file.Root, 0);
        }
        catch (ContainerException)
        {
            failures++;
        }
        catch (Exception unexpected) when (unexpected is not EndOfStreamException)
        {
            Assert.Fail($"{what}: {unexpected}");
        }

        TimeSpan took = Stopwatch.GetElapsedTime(started);
        Assert.True(took < TimeSpan.FromSeconds(10), $"{what} took {took}.");
        allocated = GC.GetTotalAllocatedBytes() - allocated;
        Assert.True(allocated < 2L << 30, $"{what} allocated {allocated:N0} bytes.");
        return failures;
    }

    private static int ReadGroup(ContainerGroup group, int depth)
    {
        int failures = ReadAttributes(group);
        if (depth > 3) { return failures; }
        foreach (string name in group.MemberNames)
        {
            try
            {
                ContainerNode node = group.Open(name);
                failures += node is ContainerGroup inner
                    ? ReadGroup(inner, depth + 1)
                    : ReadArray((ContainerArray)node);
            }
            catch (Exception refused) when (refused is ContainerException or EndOfStreamException)
            {
                failures++;
            }
        }

        return failures;
    }

    private static int ReadArray(ContainerArray array)
    {
        int failures = ReadAttributes(array);
        _ = array.Storage;
        long bytes = (long)Math.Min(long.MaxValue, (double)array.Count * array.Type.Size);
        if (bytes > MaxRead) { return failures; }
        if (array.Type.IsString)
        {
            Values.HashStrings(array);
        }
        else if (array.Type.Class == StoredClass.Compound)
        {
            foreach (StoredField field in array.Type.Fields.Where(field => field.Type.Class == StoredClass.Number))
            {
                Values.Read(array.OpenField(field.Name), workers: 1);
            }
        }
        else
        {
            byte[] values = Values.ReadDirectly(array, workers: 1);
            Assert.Equal(values, Values.ReadByRows(array, 5));
        }

        return failures;
    }

    private static int ReadAttributes(ContainerNode node)
    {
        int failures = 0;
        foreach (string name in node.AttributeNames)
        {
            try
            {
                node.FindAttribute(name);
            }
            catch (Exception refused) when (refused is ContainerException or EndOfStreamException)
            {
                failures++;
            }
        }

        return failures;
    }
}
