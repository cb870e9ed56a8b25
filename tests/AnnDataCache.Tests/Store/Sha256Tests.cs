using System.Security.Cryptography;
using AnnDataCache.Store;

namespace AnnDataCache.Tests.Store;

/// <summary>Names are made of the hash that everybody else means by SHA-256.</summary>
public sealed class Sha256Tests
{
    [Fact]
    public void EveryLengthHasThePlatformsHash()
    {
        Random random = new(5);
        for (int length = 0; length < 400; length++)
        {
            byte[] text = new byte[length];
            random.NextBytes(text);
            Assert.Equal(SHA256.HashData(text), Sha256.Hash(text));
        }
    }
}
