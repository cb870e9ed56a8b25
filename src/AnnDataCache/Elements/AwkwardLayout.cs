using AnnDataCache.Containers;

namespace AnnDataCache.Elements;

/// <summary>
/// An awkward array: a form, which says how lists, records and options nest, and the buffers that it is laid over
/// (AnnData's specification, "Awkward arrays"; the names are those of <c>ak.to_buffers</c>).
/// </summary>
internal static class AwkwardLayout
{
    internal static ElementInfo Describe(ContainerGroup group, string path, ElementEncoding encoding)
    {
        long length = group.FindAttribute("length")?.AsInteger()
            ?? throw new DamagedContainerException($"'{path}' is an awkward array without the attribute 'length'");
        string form = group.FindAttribute("form")?.AsString()
            ?? throw new DamagedContainerException($"'{path}' is an awkward array without the attribute 'form'");
        List<ElementInfo> buffers = [];
        foreach (string name in group.MemberNames)
        {
            buffers.Add(ElementTree.Buffer(group, name, $"{path}/{name}"));
        }

        return new ElementInfo(path, ElementKind.AwkwardArray)
        {
            EncodingType = encoding.Type, EncodingVersion = encoding.Version, Shape = [length], Value = form,
            Children = buffers, PartPath = path,
        };
    }
}
