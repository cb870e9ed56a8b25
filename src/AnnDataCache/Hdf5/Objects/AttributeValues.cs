using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Turns the stored bytes of an attribute into what AnnData's model reads.</summary>
internal static class AttributeValues
{
    internal static AttributeValue Read(FormatSource source, Datatype type, Dataspace space, ReadOnlySpan<byte> bytes)
    {
        long[] shape = [.. space.Shape, .. type.ArrayShape];
        Datatype value = type.Element ?? type;
        if (space.IsNull) { return new AttributeValue(value.Stored, [], default, []); }
        return value.Stored.Class switch
        {
            StoredClass.Number or StoredClass.Reference => new AttributeValue(
                value.Stored, shape, Numbers(type, bytes), []),
            StoredClass.FixedString or StoredClass.VariableString =>
                new AttributeValue(value.Stored, shape, default, Strings(source, value, bytes)),
            _ => throw new UnsupportedContainerException(
                $"An attribute of type {value.Stored.Description} is not read."),
        };
    }

    private static byte[] Numbers(Datatype type, ReadOnlySpan<byte> bytes)
    {
        byte[] numbers = bytes.ToArray();
        type.ToLittleEndian(numbers);
        return numbers;
    }

    private static string[] Strings(FormatSource source, Datatype type, ReadOnlySpan<byte> bytes)
    {
        string[] strings = new string[bytes.Length / type.Size];
        using Hdf5StringDecoder decoder = new(source, type);
        for (int i = 0; i < strings.Length; i++)
        {
            strings[i] = DatatypeParser.Text(decoder.Decode(bytes.Slice(i * type.Size, type.Size)));
        }

        return strings;
    }
}
