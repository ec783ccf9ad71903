using System.Text;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints.Hub;

namespace T5GemmaSharp.Tests.Checkpoints.Hub;

/// <summary>Listings and files that are not what they should be.</summary>
public sealed class HubHostileTests : HubFixture
{
    [TestCase("../evil.json")]
    [TestCase("a/../../evil.json")]
    [TestCase("./evil.json")]
    [TestCase("/evil.json")]
    [TestCase("a//evil.json")]
    [TestCase("..\\evil.json")]
    [TestCase("C:/evil.json")]
    [TestCase("a./evil.json")]
    [TestCase("a\n/evil.json")]
    public void Listing_PathThatLeavesTheFolder_IsRefusedByName(string path)
    {
        Hub.Files[path] = [1];
        Assert.That(AssertFails(HubFault.UnsafePath).Message, Does.Contain("evil.json").And.Not.Contain('\n'));
        Assert.That(Hub.FileRequests, Is.Empty);
        AssertComplete();
    }

    [TestCase("original")]
    [TestCase("config.json")]
    public void Folder_LinkInTheWay_IsRefused(string name)
    {
        using var outside = new ScratchFolder();
        File.CreateSymbolicLink(Folder[name], outside.Path);
        Assert.That(AssertFails(HubFault.UnsafePath).Message, Does.Contain("is a link"));
        Assert.That(outside.FileNames, Is.Empty);
    }

    [Test]
    public void Folder_DanglingLinkInTheWay_IsRefused()
    {
        File.CreateSymbolicLink(Folder["config.json"], Folder["nowhere"]);
        Assert.That(AssertFails(HubFault.UnsafePath).Message, Does.Contain("is a link"));
    }

    [TestCase("no JSON")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("""{"sha":"main","siblings":[]}""")]
    [TestCase("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"a.json"}]}""")]
    [TestCase("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"a.json","size":-1}]}""")]
    [TestCase("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"a.json","size":1,"blobId":"../../x"}]}""")]
    [TestCase("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"a.json","size":1},{"rfilename":"a.json","size":1}]}""")]
    [TestCase("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"a.json","size":9223372036854775807},{"rfilename":"b.json","size":1}]}""")]
    public void Listing_NoListing_IsRefused(string text)
    {
        Hub.Script("/revision/main", exchange => exchange.SendAsync("200 OK", Encoding.UTF8.GetBytes(text)));
        Assert.That(AssertFails(HubFault.UnexpectedAnswer).Message, Does.Contain("list of files"));
    }

    [TestCase("config.json")]
    [TestCase(Weights)]
    public void File_WrongChecksum_IsDeletedAndSaid(string name)
    {
        Hub.Script(name, exchange => exchange.SendAsync("200 OK", new byte[Hub.Files[name].Length]));
        Assert.That(AssertFails(HubFault.WrongChecksum, include: [name]).Message, Does.Contain(name).And.Contain("deleted"));
        AssertComplete();
    }

    [Test]
    public void File_TagOfOtherContents_IsRefused()
    {
        Hub.Script(Weights, exchange => exchange.SendAsync("200 OK", Hub.Files[Weights], $"X-Linked-ETag: \"{new string('a', 64)}\""));
        Assert.That(AssertFails(HubFault.WrongChecksum, include: [Weights]).Message, Does.Contain("aaaa"));
        AssertComplete();
    }

    [TestCase(-1)]
    [TestCase(1)]
    public void File_OtherLengthThanListed_IsRefused(int more)
    {
        Hub.Script("config.json", exchange => exchange.SendAsync("200 OK", new byte[Hub.Files["config.json"].Length + more]));
        Assert.That(AssertFails(HubFault.WrongLength, include: ["config.json"]).Message, Does.Contain("expected 300 bytes"));
        AssertComplete();
    }

    [Test]
    public void File_EndlessBody_IsCutAndRefused()
    {
        Hub.Script("config.json", exchange => exchange.SendRawAsync("200 OK", new byte[1 << 20]));
        AssertFails(HubFault.WrongLength, include: ["config.json"]);
        AssertComplete();
    }

    [Test]
    public async Task File_ShortBodyWithoutLength_IsTriedAgain()
    {
        Hub.Script("config.json", exchange => exchange.SendRawAsync("200 OK", Hub.Files["config.json"].AsMemory(0, 100)));
        await DownloadAsync(include: ["config.json"]);
        AssertComplete("config.json");
        Assert.That(Hub.FileRequests.Last().RangeStart, Is.EqualTo(100));
    }

    [Test]
    public void Disk_TooSmall_IsSaidBeforeTheFirstByte()
    {
        var listing = Hub.Listing((name, size) => name == Weights ? 1L << 60 : size);
        Hub.Script("/revision/main", exchange => exchange.SendAsync("200 OK", listing));
        Assert.That(AssertFails(HubFault.DiskFull).Message, Does.Contain("nothing was fetched"));
        Assert.That(Hub.FileRequests, Is.Empty);
    }

    [Test]
    [Platform("Linux")]
    public void DiskSpace_FullDevice_IsRecognized()
    {
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        var exception = Assert.Catch<IOException>(() => full.Write(new byte[1]))!;
        Assert.That(DiskSpace.IsFull(exception), Is.True);
        Assert.That(DiskSpace.IsFull(new FileNotFoundException()), Is.False);
    }
}
