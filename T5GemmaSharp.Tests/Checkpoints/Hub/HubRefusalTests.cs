using System.Diagnostics;
using System.Text;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints.Hub;

namespace T5GemmaSharp.Tests.Checkpoints.Hub;

/// <summary>Refusals of the hub, and whom the token goes to.</summary>
public sealed class HubRefusalTests : HubFixture
{
    private const string Token = "hf_secretOfTheTest";

    [TestCase("401 Unauthorized", "RepoNotFound", "", HubFault.Unauthorized, "give a token")]
    [TestCase("401 Unauthorized", "RepoNotFound", Token, HubFault.Unauthorized, "does not accept the token")]
    [TestCase("401 Unauthorized", "GatedRepo", "", HubFault.Forbidden, "Accept its licence at http")]
    [TestCase("403 Forbidden", "GatedRepo", Token, HubFault.Forbidden, "the token's account")]
    [TestCase("403 Forbidden", null, "", HubFault.Forbidden, "give a token of that account")]
    [TestCase("404 Not Found", "RepoNotFound", "", HubFault.RepositoryNotFound, "no such repository")]
    [TestCase("404 Not Found", null, "", HubFault.RepositoryNotFound, "no such repository")]
    [TestCase("404 Not Found", "RevisionNotFound", "", HubFault.RevisionNotFound, "no branch, tag or commit 'main'")]
    [TestCase("400 Bad Request", null, "", HubFault.UnexpectedAnswer, "status 400")]
    public void List_Refused_SaysWhatToDo(string status, string? code, string token, HubFault fault, string expected)
    {
        Hub.Script("/revision/main", Refuse(status, code));
        var exception = AssertFails(fault, token);
        Assert.That(exception.Message, Does.Contain(expected).And.Contain(LoopbackHub.Repository).And.Contain("'says the hub'"));
        Assert.That(exception.ToString(), Does.Not.Contain(Token));
        Assert.That((int?)exception.StatusCode, Is.EqualTo(int.Parse(status[..3])));
        Assert.That(Hub.Requests, Has.Count.EqualTo(1));
    }

    [TestCase("404 Not Found", "EntryNotFound", HubFault.FileNotFound, "no file 'config.json'")]
    [TestCase("404 Not Found", null, HubFault.FileNotFound, "no file 'config.json'")]
    [TestCase("403 Forbidden", "GatedRepo", HubFault.Forbidden, "Accept its licence")]
    public void File_Refused_IsNamed(string status, string? code, HubFault fault, string expected)
    {
        Hub.Script("config.json", Refuse(status, code));
        Assert.That(AssertFails(fault).Message, Does.Contain(expected));
    }

    [Test]
    public async Task Token_RedirectToAnotherPort_StaysWithTheHub()
    {
        using var storage = new LoopbackHub();
        storage.Script("/store", exchange => exchange.SendAsync("200 OK", Hub.Files[Weights]));
        Hub.Script(Weights, exchange => exchange.SendAsync("307 Temporary Redirect", [], "Location: /moved/there"));
        Hub.Script("/moved/there", exchange => exchange.SendAsync("302 Found", [], $"Location: {storage.Address}store?signature=x"));
        await DownloadAsync(Token);
        AssertComplete("config.json", Weights, "original/params.json");
        Assert.That(Hub.Requests.Select(request => request.Token), Has.Exactly(4).Items.And.All.EqualTo($"Bearer {Token}"));
        Assert.That(storage.Requests.Select(request => request.Token), Is.EqualTo(new string?[] { null }));
    }

    [Test]
    public void Storage_RefusesForever_ShowsNoSignedAddress()
    {
        using var storage = new LoopbackHub();
        storage.Script("/store", Enumerable.Repeat<Func<HubExchange, Task>>(exchange => exchange.SendAsync("403 Forbidden", []), 9));
        Hub.Script("config.json", Enumerable.Repeat<Func<HubExchange, Task>>(exchange => exchange.SendAsync("302 Found", [], $"Location: {storage.Address}store?signature=x"), 9));
        var exception = AssertFails(HubFault.Unavailable, Token, retries: 2);
        Assert.That(exception.ToString(), Does.Contain("status 403").And.Not.Contain("signature").And.Not.Contain(Token));
        Assert.That(storage.Requests, Has.Count.EqualTo(3)); // each attempt asks the hub for a new address
    }

    [Test]
    public void Redirect_InCircles_Ends()
    {
        Hub.Script("config.json", Enumerable.Repeat<Func<HubExchange, Task>>(exchange => exchange.SendAsync("302 Found", [], $"Location: {exchange.Target}"), 50));
        Assert.That(AssertFails(HubFault.UnexpectedAnswer).Message, Does.Contain("redirects"));
    }

    [Test]
    public void Redirect_ToAFile_IsRefused()
    {
        Hub.Script("config.json", exchange => exchange.SendAsync("302 Found", [], "Location: file:///etc/hostname"));
        Assert.That(AssertFails(HubFault.UnexpectedAnswer).Message, Does.Contain("file://"));
    }

    [Test]
    public async Task RetryAfter_OneSecond_IsWaitedFor()
    {
        Hub.Script("config.json", exchange => exchange.SendAsync("429 Too Many Requests", [], "Retry-After: 1"));
        var watch = Stopwatch.StartNew();
        await DownloadAsync();
        Assert.That(watch.Elapsed, Is.GreaterThan(TimeSpan.FromMilliseconds(950)));
        AssertComplete("config.json", Weights, "original/params.json");
    }

    [Test]
    public void RetryAfter_TooLong_IsToldAtOnce()
    {
        Hub.Script("config.json", exchange => exchange.SendAsync("429 Too Many Requests", [], "Retry-After: 3600"));
        Assert.That(AssertFails(HubFault.RateLimited).Message, Does.Contain("3600 s"));
    }

    [Test]
    public async Task Unavailable_Twice_IsTriedAgain()
    {
        Func<HubExchange, Task>[] unavailable = [Refuse("503 Service Unavailable"), Refuse("502 Bad Gateway")];
        Hub.Script("/revision/main", unavailable);
        Hub.Script("config.json", unavailable);
        await DownloadAsync();
        AssertComplete("config.json", Weights, "original/params.json");
    }

    [Test]
    public void Unavailable_Forever_EndsAfterTheRetries()
    {
        Hub.Script("/revision/main", Enumerable.Repeat(Refuse("500 Internal Server Error"), 9));
        Assert.That(AssertFails(HubFault.Unavailable, retries: 2).Message, Does.Contain("3 attempts"));
        Assert.That(Hub.Requests, Has.Count.EqualTo(3));
    }

    [Test]
    public void Hub_NotThere_IsNamed()
    {
        var address = Hub.Address;
        Hub.Dispose();
        using var downloader = new HubDownloader(new HubDownloadOptions { Endpoint = address, Token = Token, MaxRetries = 1, RetryDelay = TimeSpan.Zero });
        Assert.That(() => downloader.DownloadAsync("owner/name", Folder.Path).GetAwaiter().GetResult(), Throws.InstanceOf<HubException>().With.Message.Contains(address.Authority));
    }

    [TestCase("hf_a\nb")]
    [TestCase("hf_a b")]
    public void Token_NoToken_IsRefusedAndNotShown(string token) =>
        Assert.That(() => new HubDownloader(new HubDownloadOptions { Token = token }), Throws.ArgumentException.With.Message.Contains("token").And.Message.Not.Contains("hf_a"));

    [TestCase("ftp://host")]
    [TestCase("http://user:password@host")]
    public void Endpoint_Wrong_IsRefused(string endpoint) =>
        Assert.That(() => new HubDownloader(new HubDownloadOptions { Endpoint = new Uri(endpoint) }), Throws.ArgumentException.With.Message.Not.Contains("password"));

    private static Func<HubExchange, Task> Refuse(string status, string? code = null) => exchange => exchange.SendAsync(
        status, Encoding.UTF8.GetBytes("body"), code is null ? ["X-Error-Message: says the hub"] : [$"X-Error-Code: {code}", "X-Error-Message: says the hub"]);
}
