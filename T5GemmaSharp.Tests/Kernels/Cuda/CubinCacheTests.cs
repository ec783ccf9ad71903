using NUnit.Framework;
using T5GemmaSharp.Kernels.Cuda;
using T5GemmaSharp.Tests.Checkpoints;

namespace T5GemmaSharp.Tests.Kernels.Cuda;

public sealed class CubinCacheTests
{
    private const string Key = "key";
    private static readonly byte[] Code = [.. Enumerable.Range(0, 1000).Select(index => (byte)index)];

    private ScratchFolder _folder = null!; // set before each test

    [SetUp]
    public void CreateFolder() => _folder = new ScratchFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    private string Entry => Path.Combine(_folder["kernels"], Key + ".cubin");

    private CubinCache Cache => new(_folder["kernels"]);

    [Test]
    public void Read_WhatWasWritten_IsEqual()
    {
        Assert.That(Cache.Read(Key), Is.Null, "nothing is there yet");
        Cache.Write(Key, Code);
        Assert.That(Cache.Read(Key), Is.EqualTo(Code));
        Assert.That(Cache.Read("another"), Is.Null);
    }

    [TestCase("empty")]
    [TestCase("cut")]
    [TestCase("a byte of the code")]
    [TestCase("a byte of the sum")]
    public void Read_DamagedEntry_IsNoneUntilItIsWrittenAgain(string damage)
    {
        Cache.Write(Key, Code);
        var bytes = File.ReadAllBytes(Entry);
        bytes[damage == "a byte of the sum" ? ^1 : 10] ^= 1;
        File.WriteAllBytes(Entry, damage switch { "empty" => [], "cut" => bytes[..500], _ => bytes });
        Assert.That(Cache.Read(Key), Is.Null);
        Cache.Write(Key, Code);
        Assert.That(Cache.Read(Key), Is.EqualTo(Code));
    }

    [Test]
    public void Write_FolderThatCannotBeMade_IsNoFault()
    {
        var cache = new CubinCache(Path.Combine(_folder.WriteBytes([1], "kernels"), "below a file"));
        Assert.That(() => cache.Write(Key, Code), Throws.Nothing);
        Assert.That(cache.Read(Key), Is.Null);
    }

    [Test]
    public void Write_ManyAtOnce_LeavesWholeEntriesAndNothingElse()
    {
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8 }, index =>
        {
            Cache.Write($"{index % 3}", Code);
            Assert.That(Cache.Read($"{index % 3}"), Is.EqualTo(Code));
        });
        Assert.That(Directory.GetFiles(_folder["kernels"]).Select(Path.GetFileName), Is.EquivalentTo(new[] { "0.cubin", "1.cubin", "2.cubin" }));
    }

    [Test]
    public void Key_EveryPart_Counts()
    {
        var keys = new[]
        {
            CubinCache.Key("source", ["-arch=sm_90"], new Version(13, 0)),
            CubinCache.Key("another source", ["-arch=sm_90"], new Version(13, 0)),
            CubinCache.Key("source", ["-arch=sm_80"], new Version(13, 0)),
            CubinCache.Key("source", ["-arch=sm_90"], new Version(12, 8)),
        };
        Assert.That(keys, Is.Unique);
    }
}
