using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AnnDataCache.Containers;
using AnnDataCache.Hdf5;

namespace AnnDataCache.Tests.Hdf5;

/// <summary>Every structure of the format in small files made with h5py (<c>tests/data/hdf5/generate.py</c>).</summary>
public sealed class SmallFileTests
{
    public static TheoryData<string> Names => ["earliest", "latest", "userblock", "links", "filters", "packed", "giant"];

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryArrayIsReadAlikeInEveryWay(string name)
    {
        (Hdf5File file, JsonDocument expected) = Open(name);
        using (file)
        using (expected)
        {
            int count = 0;
            foreach (JsonProperty item in expected.RootElement.GetProperty("arrays").EnumerateObject())
            {
                ContainerArray array = Assert.IsAssignableFrom<ContainerArray>(Values.Open(file, item.Name));
                CheckArray(array, item);
                count++;
            }

            Assert.True(count >= 3);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryAttributeHasItsValue(string name)
    {
        (Hdf5File file, JsonDocument expected) = Open(name);
        using (file)
        using (expected)
        {
            foreach (JsonProperty node in expected.RootElement.GetProperty("attributes").EnumerateObject())
            {
                ContainerNode opened = Values.Open(file, node.Name);
                List<string> unread = [.. opened.AttributeNames];
                foreach (JsonProperty item in node.Value.EnumerateObject())
                {
                    CheckAttribute($"{node.Name}@{item.Name}", opened.FindAttribute(item.Name), item.Value);
                    Assert.True(unread.Remove(item.Name), $"{item.Name} is not among the names.");
                }

                Assert.All(unread, left => Assert.Contains(left, (string[])["unread", "lists"]));
                Assert.Null(opened.FindAttribute("no such attribute"));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void WhatIsNotReadIsRefusedByNameAndTheRestIsRead(string name)
    {
        (Hdf5File file, JsonDocument expected) = Open(name);
        using (file)
        using (expected)
        {
            foreach (JsonProperty item in expected.RootElement.GetProperty("refused").EnumerateObject())
            {
                ContainerException refusal = Assert.ThrowsAny<ContainerException>(() => ReadAnything(file, item.Name));
                Assert.Contains(item.Value.GetString()!, refusal.Message, StringComparison.OrdinalIgnoreCase);
            }
        }
    }

    [Theory]
    [InlineData("earliest")]
    [InlineData("latest")]
    public void MembersStandInTheOrderOfTheirUtf8Bytes(string name)
    {
        (Hdf5File file, JsonDocument expected) = Open(name);
        using (file)
        using (expected)
        {
            IReadOnlyList<string> names = ((ContainerGroup)file.Root.Open("ordered")).MemberNames;
            Assert.Equal(26, names.Count);
            Assert.Equal(["z", "ä", "ﬁ", "\U0001d11e"], names.Skip(22));
            Assert.Equal(120, ((ContainerGroup)file.Root.Open("many")).MemberNames.Count);
            Assert.Empty(((ContainerGroup)file.Root.Open("empty")).MemberNames);
        }
    }

    [Theory]
    [InlineData("earliest")]
    [InlineData("latest")]
    public void ReferencesLeadToTheirObjects(string name)
    {
        (Hdf5File file, JsonDocument expected) = Open(name);
        using (file)
        using (expected)
        {
            ContainerArray references = (ContainerArray)Values.Open(file, "references/to");
            Assert.Equal(StoredClass.Reference, references.Type.Class);
            byte[] addresses = Values.Read(references);
            ContainerNode array = file.Root.OpenReference(BitConverter.ToUInt64(addresses));
            Assert.Equal(
                Values.Hash((ContainerArray)Values.Open(file, "types/int32")), Values.Hash((ContainerArray)array));
            Assert.IsAssignableFrom<ContainerGroup>(file.Root.OpenReference(BitConverter.ToUInt64(addresses, 8)));
            Assert.ThrowsAny<ContainerException>(() => file.Root.OpenReference(12345));
            Assert.ThrowsAny<ContainerException>(() => file.Root.OpenReference(ulong.MaxValue));
        }
    }

    [Theory]
    [InlineData("types/int32", "i32", DType.Int32)]
    [InlineData("types/float16be", "f16be", DType.Float16)]
    [InlineData("types/bool", "enum<i8>{FALSE=0,TRUE=1}", DType.Bool)]
    [InlineData("types/enum", "enum<i16>{blue=42,green=1,red=0}", DType.Int16)]
    [InlineData("types/complex64", "complex(f32)", DType.Complex64)]
    [InlineData("strings/variable", "vlen-str-utf8", null)]
    [InlineData("strings/nullpad", "fixed6-str-ascii-nullpad", null)]
    public void TypesAreDescribedAsStored(string path, string description, DType? number)
    {
        using Hdf5File file = Hdf5File.Open(Small("latest.h5"));
        StoredType type = ((ContainerArray)Values.Open(file, path)).Type;
        Assert.Equal((description, number), (type.Description, type.Number));
    }

    [Fact]
    public void LayoutIsToldInWords()
    {
        using Hdf5File file = Hdf5File.Open(Small("latest.h5"));
        StorageSummary storage = ((ContainerArray)Values.Open(file, "chunks/fixed-full")).Storage;
        Assert.Equal("chunked", storage.Layout);
        Assert.Equal([10, 8], storage.Chunk);
        Assert.Equal(["shuffle", "gzip", "fletcher32"], storage.Filters);
        StorageSummary flat = ((ContainerArray)Values.Open(file, "types/int32")).Storage;
        Assert.Equal(("contiguous", 60L), (flat.Layout, flat.StoredBytes));
    }

    [Fact]
    public void WhatIsNoHdf5FileIsNamedWithItsFirstBytes()
    {
        string path = Path.GetTempFileName();
        try
        {
            foreach ((string first, string remedy) in (IEnumerable<(string, string)>)[
                ("1F8B0800", "gunzip"), ("504B0304", "unzip"), ("425A6839", "bunzip2"), ("FD377A585A00", "unxz"), ("28B52FFD", "unzstd"),
                ("76657273696F6E2068747470", "git lfs pull"), ("3C21444F4354", "download")])
            {
                File.WriteAllBytes(path, Convert.FromHexString(first));
                DamagedContainerException packed = Assert.Throws<DamagedContainerException>(() => Hdf5File.Open(path));
                Assert.Contains(remedy, packed.Message, StringComparison.Ordinal);
                Assert.Contains(path, packed.Message, StringComparison.Ordinal);
            }

            File.WriteAllBytes(path, []);
            DamagedContainerException empty = Assert.Throws<DamagedContainerException>(() => Hdf5File.Open(path));
            Assert.Contains("nothing", empty.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("earliest.h5", 0.75)]
    [InlineData("latest.h5", 0.75)]
    [InlineData("userblock.h5", 0.3)]
    public void ATruncatedFileIsSaidToBeTruncated(string name, double share)
    {
        byte[] whole = File.ReadAllBytes(Small(name));
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, whole[..(int)(share * whole.Length)]);
            using Hdf5File file = Hdf5File.Open(path);
            ContainerException damage = Assert.ThrowsAny<ContainerException>(() => ReadAll(file.Root));
            Assert.Contains("which is truncated: it had", damage.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void ReadAll(ContainerGroup group)
    {
        foreach (string name in group.MemberNames.Where(name => name is not "refused"))
        {
            if (group.Open(name) is ContainerGroup inner) { ReadAll(inner); }
            else if (group.Open(name) is ContainerArray { Type.Class: StoredClass.Number } numbers) { Values.Hash(numbers); }
        }
    }

    internal static string Small(string name) => TestFiles.Small(Path.Join("hdf5", name));

    private static (Hdf5File File, JsonDocument Expected) Open(string name) =>
        (Hdf5File.Open(Small(name + ".h5")), JsonDocument.Parse(File.ReadAllBytes(Small(name + ".json"))));

    private static void CheckArray(ContainerArray array, JsonProperty item)
    {
        if (item.Value.TryGetProperty("null", out _))
        {
            Assert.True(array.IsNull);
            Assert.Equal(0, array.Count);
            return;
        }

        Assert.Equal(item.Value.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64()), array.Shape);
        string expected = item.Value.GetProperty("sha256").GetString()!;
        string place = $"{item.Name} ({array.Type.Description})";
        if (array.Type.IsString)
        {
            Assert.Equal((place, expected), (place, Values.HashStrings(array)));
            return;
        }

        byte[] values = Values.Read(array);
        Assert.Equal((place, expected), (place, Values.Hex(SHA256.HashData(values))));
        Assert.Equal(values, Values.ReadDirectly(array));
        Assert.Equal(values, Values.Read(array, workers: 1));
        Assert.Equal(values, Values.ReadByRows(array, 1));
        Assert.Equal(values, Values.ReadByRows(array, 7));
        Assert.Equal(values, Values.ReadByRows(array, long.MaxValue / 2));
    }

    private static void CheckAttribute(string place, AttributeValue? value, JsonElement expected)
    {
        Assert.NotNull(value);
        if (expected.TryGetProperty("null", out _))
        {
            Assert.Empty(value.Strings);
            Assert.Equal(0, value.Numbers.Length);
            return;
        }

        Assert.Equal(expected.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64()), value.Shape);
        byte[] bytes = value.Type.IsString
            ? Encoding.UTF8.GetBytes(string.Concat(value.Strings.Select(text => text + "\0")))
            : value.Numbers.ToArray();
        string hash = expected.GetProperty("sha256").GetString()!;
        Assert.Equal((place, hash), (place, Values.Hex(SHA256.HashData(bytes))));
    }

    private static void ReadAnything(Hdf5File file, string path)
    {
        if (path.Split('@') is [var node, var attribute])
        {
            Values.Open(file, node).FindAttribute(attribute);
        }
        else if (Values.Open(file, path) is ContainerArray array)
        {
            Values.Hash(array);
        }
    }
}
